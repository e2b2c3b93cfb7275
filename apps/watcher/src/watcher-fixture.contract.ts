import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { Mirror, parseSource, RemoteHeads } from '@keelson/git';
import { account, beginKey, changeKey, Ledger, runName } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { RegistryClient } from '@keelson/registry';
import type { WatcherDeps } from './deps';
import { Heads } from './heads';
import { HeadObserver } from './observer';

/** Git without the configuration of whoever runs the tests, for ours and for the watcher's. */
process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';
const identity = {
  ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@keelson.invalid' },
  ...{ GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@keelson.invalid' },
};

/** A real repository with a working copy on `main`. */
export class TestRepository {
  constructor(readonly path: string) {
    execFileSync('git', ['init', '-q', '-b', 'main', '--', path]);
  }

  git(...args: string[]): string {
    const options = { cwd: this.path, env: { ...process.env, ...identity }, encoding: 'utf8' } as const;
    return execFileSync('git', args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  }

  /** Commits with nothing in it, and returns its id. */
  commit(message: string): string {
    this.git('commit', '-q', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }
}

/** What a test has: a store, a ledger on it and a repository, and what the watcher said. */
export class World {
  readonly repository: TestRepository;
  readonly notices: string[] = [];
  /** What `looked` was told, as ref and commit. */
  readonly looked: string[][] = [];
  readonly unreadable: { failures: number; isPassing: boolean }[] = [];
  readonly client = new RegistryClient();
  readonly #remote = new RemoteHeads();
  #nowMs = 0;

  private constructor(
    readonly root: string,
    readonly ledger: Ledger,
  ) {
    this.repository = new TestRepository(path.join(root, 'widget'));
  }

  static async open(): Promise<World> {
    const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-watcher-')));
    return new World(root, new Ledger(await DirObjectStore.open(path.join(root, 'store'))));
  }

  /** As a new process would see the records. */
  get records(): Ledger {
    return new Ledger(this.ledger.store);
  }

  async deps(texts: readonly string[] = ['^main'], more: Partial<WatcherDeps> = {}): Promise<WatcherDeps> {
    const sources = await Promise.all(texts.map((text) => parseSource(text, { cwd: this.repository.path })));
    const mirrorOf = (url: string) =>
      new Mirror({ directory: path.join(this.root, 'mirror'), url, remote: this.#remote });
    return {
      ...{ ledger: this.records, sources, from: 'head', clock: () => this.#now(), random: () => 0.5 },
      ...{ client: this.client, patienceMs: 60_000 },
      ...{ isFollowingRecords: true, recordsIntervalMs: 3_600_000 },
      // Every look is due, also after failures.
      ...{ localIntervalMs: 0, remoteIntervalMs: 0, lookPatienceMs: 60_000 },
      heads: new Heads(this.#remote, mirrorOf, (message) => void this.notices.push(message)),
      notice: (source, message) => void this.notices.push(`${source}: ${message}`),
      looked: (_source, changes) => void this.looked.push(changes.map(({ ref, commit }) => `${ref} ${commit}`)),
      unreadable: (_source, failures, isPassing) => void this.unreadable.push({ failures, isPassing }),
      ...more,
    };
  }

  /** Moves at every look at it: a time that is not read from a record cannot be told twice. */
  #now(): number {
    this.#nowMs = Math.max(this.#nowMs + 1, Date.now());
    return this.#nowMs;
  }

  /** A watcher that has just been started. */
  async watch(texts?: readonly string[], more?: Partial<WatcherDeps>): Promise<HeadObserver> {
    return new HeadObserver(await this.deps(texts, more));
  }

  /** Every record of a ref, oldest first. */
  async changes(ref = 'refs/heads/main'): Promise<ChangeRecord[]> {
    const changes: ChangeRecord[] = [];
    const ledger = this.records;
    for await (const sequence of ledger.sequences(this.repository.path, ref)) {
      changes.push((await ledger.read(changeKey(this.repository.path, ref, sequence)))!);
    }
    return changes;
  }

  /** As the bootstrapper does with what it is told: from then on nobody needs to tell it again. */
  async begin(events: readonly Event[]): Promise<void> {
    for (const { type, data } of events) {
      if (type !== eventTypes.changeMerged) continue;
      const run = data.customData as RunData;
      const begin = { ...run, name: runName(run.run), from: 'source', openedBy: 'bootstrapper' } as const;
      await this.ledger.write(beginKey(run.run, 1), { ...begin, openedAt: new Date(this.#now()).toISOString() });
    }
  }

  account = () => account(this.records);

  async end(): Promise<void> {
    await this.#remote.close();
    await this.client.close();
    rmSync(this.root, { recursive: true });
  }
}

export const unaborted = new AbortController().signal;

/** One look as the loop does it; with `crashes`, everything is recorded and nothing of it published. */
export async function look(observer: HeadObserver, { crashes = false } = {}): Promise<Event[]> {
  const told: Event[] = [];
  for (const move of await observer.list(unaborted)) {
    const events = await observer.report(move, unaborted);
    if (crashes) continue;
    told.push(...events);
    await observer.mark(move);
  }
  return told;
}

/** Looks until nothing moves any more. */
export async function lookAll(observer: HeadObserver): Promise<Event[]> {
  const told: Event[] = [];
  for (let rounds = 0; rounds < 10; rounds += 1) {
    const events = await look(observer);
    if (events.length === 0) return told;
    told.push(...events);
  }
  throw new Error('the watcher tells something at every look');
}

/** What an event says of a ref, in short. */
export function said(event: Event): string {
  const customData = event.data.customData as { ref: string; sequence: number; commit?: string };
  const what = event.type.includes('branch.deleted') ? 'deleted' : customData.commit;
  return `${customData.ref} ${customData.sequence} ${what}`;
}
