import { EventEmitter, on } from 'node:events';
import { workKeyText } from '@keelson/events';
import type { Event } from '@keelson/events';
import { JobsError } from '@keelson/jobs';
import type { JobState } from '@keelson/jobs';
import { openKey, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import type { EndRecord, OpenRecord } from '@keelson/ledger';
import { superseded } from '@keelson/ledger';
import { TerminalError } from '@keelson/stage';
import type { Observer } from '@keelson/stage';
import type { Reason } from '@keelson/events';
import { concludeTest } from './conclude';
import { instant, service } from './deps';
import type { Published, TestRunnerDeps } from './deps';
import { Followers } from './followers';
import { jobSpec } from './job-spec';
import { testStarted } from './tell';
import { verdictOf } from './verdict';
import type { Kept } from './follower';

/** How long a test may wait for what it needs to start: registry, disk. */
const startDeadlineMs = 10 * 60_000;

/** One open test: what it waits for, or what became of it. */
export type OpenTest = { event: Published; open: OpenRecord; name: string };
export type TestState = OpenTest &
  (
    | { kind: 'start' }
    | { kind: 'follow'; job: JobState }
    | { kind: 'ended'; job: JobState; kept: Kept }
    | { kind: 'stopped'; job: JobState | undefined; kept: Kept | undefined; reason: Reason }
    | { kind: 'told' }
  );

/** Starts open tests in order up to the limit, follows them, and tells how they ended. */
export class TestObserver implements Observer<TestState> {
  readonly #followers: Followers;
  readonly #hints = new EventEmitter();
  /** Hints when the next waiting attempt may begin. */
  #due: NodeJS.Timeout | undefined;
  /** Since when a test that should begin could not. */
  readonly #failingSinceMs = new Map<string, number>();

  constructor(readonly deps: TestRunnerDeps) {
    this.#followers = new Followers(deps, () => this.#hints.emit('hint'));
  }

  async list(): Promise<readonly TestState[]> {
    const jobs = new Map((await this.deps.jobs.list()).map((job) => [job.name, job]));
    const states: TestState[] = [];
    let free = this.deps.limit - [...jobs.values()].filter((job) => job.phase === 'running').length;
    const opens = await this.deps.ledger.open(service);
    this.#hintWhenDue(opens);
    for (const open of opens) {
      const test = openTest(open);
      const state = await this.#look(test, jobs.get(test.name));
      if (state?.kind === 'start' && free-- <= 0) continue;
      if (state !== undefined) states.push(state);
    }
    return states;
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    try {
      for await (const _ of on(this.#hints, 'hint', { signal })) yield;
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      clearTimeout(this.#due);
    }
  }

  async report(state: TestState, signal: AbortSignal): Promise<readonly Event[]> {
    switch (state.kind) {
      case 'start':
        return this.#start(state, signal);
      case 'follow':
        return this.#adopt(state, signal);
      case 'told':
        return concludeTest(this.deps, state, undefined);
      case 'stopped':
        await this.deps.jobs.stop(state.name);
        return concludeTest(this.deps, state, { ...state.kept, outcome: 'cancel', reason: state.reason });
      case 'ended': {
        const timeoutMs = (await jobSpec(this.deps, state)).timeoutMs;
        const end = state.job.end ?? { kind: 'lost', message: 'the job ended, and nobody knows how' };
        return concludeTest(this.deps, state, { ...state.kept, ...verdictOf(end, timeoutMs) });
      }
    }
  }

  async mark(state: TestState): Promise<void> {
    if (state.kind === 'start' || state.kind === 'follow') return;
    const { run, attempt } = state.event.data.customData;
    // The open record goes last: without it nobody would ever look at the job again.
    await this.deps.jobs.remove(state.name);
    await this.deps.ledger.close(openKey(service, { run, attempt, stage: 'test' }));
    this.#followers.forget(state.name);
    this.#failingSinceMs.delete(state.name);
  }

  async #look(test: OpenTest, job: JobState | undefined): Promise<TestState | undefined> {
    const { run, attempt } = test.event.data.customData;
    const key = { run, attempt, stage: 'test' as const };
    if ((await this.deps.ledger.read(stageEndedKey(key))) !== undefined) return { ...test, kind: 'told' };
    const stop = await this.#stopReason(test, job);
    if (stop !== undefined) return this.#stopped(test, job, stop);
    if (job === undefined || job.phase === 'waiting') return this.#isDue(test) ? { ...test, kind: 'start' } : undefined;
    const kept = this.#followers.kept(test.name);
    if (job.phase === 'ended' && kept !== undefined) return { ...test, kind: 'ended', job, kept };
    return this.#followers.isFollowing(test.name) ? undefined : { ...test, kind: 'follow', job };
  }

  /** A stopped test's output is kept too: it is told when its log is sealed. */
  #stopped(test: OpenTest, job: JobState | undefined, reason: Reason): TestState | undefined {
    const kept = this.#followers.kept(test.name);
    if (job === undefined || kept !== undefined) return { ...test, kind: 'stopped', job, kept, reason };
    void this.deps.jobs
      .stop(test.name)
      .catch((error: unknown) =>
        this.deps.warn('a job could not be stopped', { job: test.name, error: String(error) }),
      );
    return this.#followers.isFollowing(test.name) ? undefined : { ...test, kind: 'follow', job };
  }

  async #stopReason(test: OpenTest, job: JobState | undefined): Promise<Reason | undefined> {
    const run = test.event.data.customData;
    const standing = await this.deps.ledger.standing(run);
    if (standing.kind === 'ended') return standing.end.reason ?? endedElsewhere(standing.end);
    if (standing.kind !== 'superseded') return undefined;
    if (job === undefined || job.phase === 'waiting') return superseded(standing.by);
    // One that we stopped has ended by the time its log is sealed; one that ended of its own accord has its verdict.
    const isOver = job.phase === 'ended' && job.end?.kind !== 'signalled';
    return this.deps.cancelRunning && !isOver ? superseded(standing.by) : undefined;
  }

  #isDue({ open }: OpenTest): boolean {
    if (open.notBefore === undefined) return true;
    const waitMs = Date.parse(open.notBefore) - this.deps.clock();
    // Further away than was ever asked for: the clock was set back.
    return waitMs <= 0 || waitMs > Math.max(0, ...this.deps.retryDelaysMs);
  }

  #hintWhenDue(opens: readonly OpenRecord[]): void {
    clearTimeout(this.#due);
    const nowMs = this.deps.clock();
    const later = opens.map(({ notBefore }) => Date.parse(notBefore ?? '') - nowMs).filter((waitMs) => waitMs > 0);
    if (later.length > 0) this.#due = setTimeout(() => this.#hints.emit('hint'), Math.min(...later)).unref();
  }

  /** Starts the job. A neighbour that is away is waited for, up to the deadline; then the reason is returned. */
  async #ensure(test: OpenTest, signal: AbortSignal): Promise<Reason | undefined> {
    try {
      const ensured = await this.deps.jobs.ensure(await jobSpec(this.deps, test), signal);
      if (ensured === 'deleting') throw new JobsError(`an earlier job ${test.name} is still being removed`, true);
      this.#failingSinceMs.delete(test.name);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      const nowMs = this.deps.clock();
      const sinceMs = this.#failingSinceMs.get(test.name) ?? nowMs;
      this.#failingSinceMs.set(test.name, sinceMs);
      if (!(error instanceof TerminalError) && nowMs - sinceMs < startDeadlineMs) throw error;
      return startReason(error);
    }
  }

  async #start(test: OpenTest, signal: AbortSignal): Promise<readonly Event[]> {
    const run = test.event.data.customData;
    const failed = await this.#ensure(test, signal);
    if (failed !== undefined) return concludeTest(this.deps, test, { outcome: 'error', reason: failed });
    const startedAt = await this.#recordStart(test, this.deps.clock());
    this.#followers.follow(test, signal);
    return [testStarted(run, startedAt)];
  }

  /** Follows a job that an earlier process started, and may not have told of. */
  async #adopt(test: OpenTest & { job: JobState }, signal: AbortSignal): Promise<readonly Event[]> {
    const { startedAtMs } = test.job;
    const startedAt = startedAtMs === undefined ? undefined : await this.#recordStart(test, startedAtMs);
    this.#followers.follow(test, signal);
    return startedAt === undefined ? [] : [testStarted(test.event.data.customData, startedAt)];
  }

  async #recordStart({ event }: OpenTest, startedAtMs: number): Promise<string> {
    const { run, attempt } = event.data.customData;
    const started = { stage: 'test' as const, startedAt: instant(startedAtMs) };
    const { record } = await this.deps.ledger.write(stageStartedKey({ run, attempt, stage: 'test' }), started);
    return record.startedAt;
  }
}

const startReason = (error: unknown): Reason => ({
  code: 'not-started',
  message: `the test could not be started: ${error instanceof Error ? error.message : String(error)}`,
});

const endedElsewhere = (end: EndRecord): Reason => ({
  code: 'ended',
  message: `the attempt was ended by ${end.endedBy}`,
});

function openTest(open: OpenRecord): OpenTest {
  // Only queueTest opens test-runner's records, and always with this type of event.
  const event = open.event as Published;
  const { run, attempt } = event.data.customData;
  return { event, open, name: workKeyText({ run, attempt, stage: 'test' }) };
}

export const testKey = ({ name }: TestState): string => name;
