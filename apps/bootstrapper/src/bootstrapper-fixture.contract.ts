import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { RemoteHeads } from '@keelson/git';
import { changeKey, Ledger, runName } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import { RegistryClient } from '@keelson/registry';
import { startRegistry } from '@keelson/registry-server';
import type { Registry } from '@keelson/registry-server';
import { freePort } from '@keelson/testbed';
import type { BootstrapperDeps } from './deps';
import { SourceAccess } from './source-access';
import type { ChangeMerged } from './stage';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';
const identity = {
  ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@keelson.invalid', GIT_AUTHOR_DATE: '1700000000 +0000' },
  ...{ GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@keelson.invalid', GIT_COMMITTER_DATE: '1700000060 +0000' },
};
export const unaborted = new AbortController().signal;
export const pipeline = 'image: { name: widget }\ntest: { command: ["./ci.sh"] }\n';

/** A store, a ledger on it, a registry with a store of its own, and a repository. */
export class World {
  /** What was said. */
  readonly notices: string[] = [];
  /** Keys of what the registry stored. */
  readonly stored: string[] = [];
  /** Added to the time. */
  laterMs = 0;
  #registry: Registry;
  readonly #remote = new RemoteHeads();
  readonly #clients: RegistryClient[] = [];
  #nowMs = Date.parse('2026-01-02T03:04:05Z');

  private constructor(
    readonly root: string,
    readonly ledger: Ledger,
    { registry, registryStore }: { registry: Registry; registryStore: DirObjectStore },
  ) {
    this.#registry = registry;
    const put = registryStore.put.bind(registryStore);
    registryStore.put = (key, ...rest) => {
      this.stored.push(key);
      return put(key, ...rest);
    };
    this.git('init', '-q', '-b', 'main', '--', this.source);
    this.startRegistry = async () => {
      this.#registry = await startRegistry({ store: registryStore, port: this.#registry.address.port });
    };
  }

  static async open(): Promise<World> {
    const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-bootstrapper-')));
    mkdirSync(path.join(root, 'widget'));
    const ledger = new Ledger(await DirObjectStore.open(path.join(root, 'store')));
    const registryStore = await DirObjectStore.open(path.join(root, 'registry'));
    const registry = await startRegistry({ store: registryStore, port: await freePort() });
    return new World(root, ledger, { registry, registryStore });
  }

  /** As after a pause: on the address it had. */
  readonly startRegistry: () => Promise<void>;
  stopRegistry = (): Promise<void> => this.#registry.close();

  get registry(): string {
    return `localhost:${this.#registry.address.port}`;
  }
  get source(): string {
    return path.join(this.root, 'widget');
  }

  git = (...args: string[]): string => this.gitWith('', ...args);

  gitWith(input: string, ...args: string[]): string {
    const options = { cwd: this.source, env: { ...process.env, ...identity }, encoding: 'utf8' } as const;
    return execFileSync('git', args, { ...options, input, stdio: ['pipe', 'pipe', 'pipe'] }).trim();
  }

  /** Commits these files with what there is, and returns the commit. */
  commit(files: Record<string, string>, message = 'change'): string {
    for (const [name, content] of Object.entries(files)) writeFileSync(path.join(this.source, name), content);
    this.git('add', '-A');
    this.git('commit', '-q', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** What a new process would have. Its time moves at every look: one that is not read from a record is never told twice. */
  deps(more: Partial<BootstrapperDeps> = {}): BootstrapperDeps {
    const { root } = this;
    const access = { mirrors: path.join(root, 'mirrors'), worktrees: path.join(root, 'worktrees') };
    return {
      ledger: new Ledger(this.ledger.store),
      client: this.#newClient(),
      registry: { prefix: this.registry, codec: 'none' },
      sources: new SourceAccess({ ...access, remote: this.#remote }),
      column: 'machine',
      clock: () => (this.#nowMs += 1000) + this.laterMs,
      patienceMs: 600_000,
      notice: (_run, message) => void this.notices.push(message),
      ...more,
    };
  }

  /** A change as the watcher records it, and tells it. */
  async change(commit: string, more: Partial<RunData> = {}): Promise<ChangeMerged> {
    const run: RunData = {
      ...{ run: newRunId(), attempt: 1, source: this.source, ref: 'refs/heads/main', commit, sequence: 1 },
      ...more,
    };
    const { source, ref, sequence } = run;
    await this.ledger.write(changeKey(source, ref, sequence), {
      ...{ run: run.run, name: runName(run.run), source, ref, sequence, commit, kind: 'created' },
      ...{ previous: null, contained: [], seenAt: '2026-01-02T03:04:00Z' },
    });
    return composeEvent({
      ...{ type: eventTypes.changeMerged, work: { run: run.run, attempt: 1, stage: 'source' }, service: 'watcher' },
      ...{ subjectId: commit, content: {}, time: '2026-01-02T03:04:00Z', customData: run },
    });
  }

  #newClient(): RegistryClient {
    const client = new RegistryClient();
    this.#clients.push(client);
    return client;
  }

  async end(): Promise<void> {
    // A connection on which nothing was sent yet would keep the registry from closing.
    for (const client of this.#clients) await client.close();
    await this.#registry.close();
    await this.#remote.close();
    rmSync(this.root, { recursive: true });
  }
}
