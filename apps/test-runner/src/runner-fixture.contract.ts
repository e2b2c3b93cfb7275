import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformFileSync } from '@swc/core';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { ProcessJobs } from '@keelson/jobs';
import type { ProcessJobsOptions } from '@keelson/jobs';
import { beginKey, changeKey, imageKey, Ledger, logPrefix, planKey, runName } from '@keelson/ledger';
import { readLog } from '@keelson/logs';
import { DirObjectStore } from '@keelson/objects';
import { planSchema } from '@keelson/pipeline';
import type { Pipeline } from '@keelson/pipeline';
import type { Stage } from '@keelson/stage';
import type { Published, TestRunnerDeps } from './deps';
import { TestObserver } from './observer';
import type { TestState } from './observer';
import { queueTest } from './stage';

export const unaborted = new AbortController().signal;
export const time = '2026-01-02T03:04:00Z';
export const [source, ref] = ['/repositories/widget', 'refs/heads/main'];
const repository = 'localhost:1/widget';

const temporary = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-runner-')));
const compiled = temporary();
let supervisor: string | undefined;
afterAll(() => rmSync(compiled, { recursive: true }));

/** The supervisor as it is now: a process of its own, which runs no TypeScript. */
function compileSupervisor(into: string): string {
  const jobs = path.join(__dirname, '../../../libs/jobs/src');
  const files = readdirSync(jobs, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !/\.(spec|contract)\.ts$/.test(name))) {
    const jsc = { target: 'es2022', parser: { syntax: 'typescript' } } as const;
    const { code } = transformFileSync(path.join(jobs, file), { swcrc: false, jsc, module: { type: 'commonjs' } });
    const target = path.join(into, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return path.join(into, 'supervisor', 'main.js');
}

/** What a test of the user's is, where it says more than its script. */
export type Asked = { sequence?: number; test?: Partial<Exclude<Pipeline['test'], 'none'>> | 'none'; digest?: string };

/** One process of the test runner: its jobs, its observer, and what ends both as a crash does. */
export class Runner {
  readonly #dying = new AbortController();
  readonly #hinted: Promise<void>;
  /** What was published, in its order. */
  readonly told: Event[] = [];
  readonly observer: TestObserver;

  constructor(
    readonly deps: TestRunnerDeps,
    readonly jobs: ProcessJobs,
  ) {
    this.observer = new TestObserver(deps);
    this.#hinted = this.#followHints();
  }

  signal = this.#dying.signal;
  list = (): Promise<readonly TestState[]> => this.observer.list();
  report = (state: TestState): Promise<readonly Event[]> => this.observer.report(state, this.signal);

  /** One look as the loop does it. */
  async pass(): Promise<readonly TestState[]> {
    return this.#work(await this.list());
  }

  async #work(states: readonly TestState[]): Promise<readonly TestState[]> {
    for (const state of states) {
      this.told.push(...(await this.report(state)));
      await this.observer.mark(state);
    }
    return states;
  }

  /** Looks until this is so. */
  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    await until(what, async () => {
      await this.pass();
      return isSo();
    });
  }

  /** Looks as the loop does when no interval ever ends: after a hint, and after it has told something. */
  async byHints(isSo: () => Promise<boolean>): Promise<void> {
    const hints = this.observer.changes(this.signal)[Symbol.asyncIterator]();
    let hint = hints.next();
    while (!(await isSo())) {
      const before = this.told.length;
      await this.pass();
      if (this.told.length > before) continue;
      await hint;
      hint = hints.next();
    }
  }

  /** Looks until nothing is open any more. */
  idle = (): Promise<void> =>
    this.until('nothing is open', async () => (await this.deps.ledger.open('test-runner')).length === 0);

  /** Looks until a state of this kind is there, which it returns without reporting it. */
  async seen(kind: TestState['kind']): Promise<TestState> {
    let found: TestState | undefined;
    await until(`a test is seen as ${kind}`, async () => {
      const states = await this.list();
      found = states.find((state) => state.kind === kind);
      if (found === undefined) await this.#work(states);
      return found !== undefined;
    });
    return found!;
  }

  /** As kill -9 does: the jobs' supervisors live on. */
  async die(): Promise<void> {
    this.#dying.abort(new Error('died'));
    await this.#hinted;
    await this.jobs.close({ leaveJobs: true });
  }

  async #followHints(): Promise<void> {
    for await (const _ of this.observer.changes(this.signal));
  }
}

/** A store, a ledger on it, and a place for jobs. */
export class World {
  /** Added to the time. */
  laterMs = 0;
  readonly warnings: string[] = [];
  readonly #runners: Runner[] = [];
  #nowMs = Date.parse('2026-01-02T03:04:05Z');

  private constructor(
    readonly root: string,
    readonly ledger: Ledger,
    readonly supervisorPath: string,
  ) {}

  static async open(): Promise<World> {
    const root = temporary();
    const store = await DirObjectStore.open(path.join(root, 'store'));
    return new World(root, new Ledger(store), (supervisor ??= compileSupervisor(compiled)));
  }

  /** A new process. Its time moves at every look: one that is not read from a record is never told twice. */
  runner(more: Partial<TestRunnerDeps> = {}, options: Partial<ProcessJobsOptions> = {}): Runner {
    const jobs = new ProcessJobs({
      ...{ directory: path.join(this.root, 'jobs'), supervisorPath: this.supervisorPath },
      ...{ stopGraceMs: 300, drainMs: 300, materialise: () => Promise.resolve(), ...options },
    });
    const runner = new Runner(this.deps({ jobs, ...more }), jobs);
    this.#runners.push(runner);
    return runner;
  }

  deps(more: Pick<TestRunnerDeps, 'jobs'> & Partial<TestRunnerDeps>): TestRunnerDeps {
    return {
      ...{ ledger: new Ledger(this.ledger.store), limit: 4, cancelRunning: false, retryDelaysMs: [60_000, 60_000] },
      clock: () => (this.#nowMs += 10) + this.laterMs,
      warn: (message) => void this.warnings.push(message),
      ...more,
    };
  }

  /** The stage of a new process. */
  get queue(): Stage<Published> {
    return queueTest(this.deps({ jobs: undefined as never }));
  }

  /** A run whose image can be pulled, with this script as its test: its change, its begin, its plan, and the event that tells of it. */
  async published(script: string, { sequence = 1, test = {}, digest }: Asked = {}): Promise<Published> {
    const image = { repository, digest: digest ?? sha256(`${script} ${sequence}`) };
    const run: RunData = { run: newRunId(), attempt: 1, source, ref, sequence, commit: 'c'.repeat(40) };
    const about = { run: run.run, name: runName(run.run), source, ref, sequence, commit: run.commit };
    await this.ledger.write(changeKey(source, ref, sequence), {
      ...about,
      ...{ kind: 'created', previous: null, contained: [], seenAt: time },
    });
    const begin = { name: about.name, from: 'source', openedBy: 'bootstrapper', openedAt: time } as const;
    await this.ledger.write(beginKey(run.run, 1), { ...run, ...begin });
    await this.ledger.write(imageKey(repository, image.digest, run.run), { run: run.run, attempt: 1, ...image });
    const layer = { digest: image.digest, diffId: image.digest, sizeBytes: 1, mediaType: 'x' };
    const usual = { command: ['sh', '-c', script], env: {}, artifacts: [], timeoutMs: 60_000 };
    await this.ledger.write(planKey(run.run, planSchema), {
      ...{ ...about, commitTime: time, tree: 'e'.repeat(40), warnings: [], createdAt: time },
      snapshot: { reference: `${repository}-source@${image.digest}`, digest: image.digest, layer },
      pipeline: {
        ...{ image: { base: 'scratch', workdir: '/src', git: 'none' }, build: { strategy: 'append' } },
        test: test === 'none' ? test : { ...usual, ...test },
      },
    });
    return composeEvent({
      ...{ type: eventTypes.artifactPublished, work: { run: run.run, attempt: 1, stage: 'publish' } },
      ...{ service: 'registry-poller', subjectId: `${repository}@${image.digest}`, content: {}, time },
      customData: { ...run, image },
    });
  }

  /** A run whose test waits for its place. */
  async queued(script: string, asked: Asked = {}): Promise<RunData> {
    const event = await this.published(script, asked);
    await this.queue(event, unaborted);
    return event.data.customData;
  }

  /** What the test printed, as it is kept. */
  async log({ run, attempt }: Pick<RunData, 'run' | 'attempt'>): Promise<string> {
    const prefix = logPrefix({ run, attempt, stage: 'test' });
    const lines: string[] = [];
    for await (const { bytes } of readLog({ store: this.ledger.store, prefix, follow: false }, unaborted))
      lines.push(Buffer.from(bytes).toString());
    return lines.join('\n');
  }

  file = (name: string): string => path.join(this.root, name);
  read = (name: string): string => readFileSync(this.file(name), { encoding: 'utf8', flag: 'a+' });

  async end(): Promise<void> {
    for (const runner of this.#runners) await runner.die();
    await this.runner().jobs.close(); // what was left to its supervisor
    rmSync(this.root, { recursive: true });
  }
}

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Waits for a condition; the time bounds a test that is stuck, it measures nothing. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 25_000;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What a stage tells when it is asked twice: the same, to the last field. */
export async function toldTwice<E extends Event>(stage: Stage<E>, event: E): Promise<readonly Event[]> {
  const outcome = await stage(event, unaborted);
  expect(await stage(event, unaborted)).toEqual(outcome);
  if (outcome.kind === 'emit') return outcome.events;
  throw new Error(`the stage waits: ${outcome.because}`);
}

export const typesOf = (events: readonly Event[]): string[] => events.map(({ type }) => type);
