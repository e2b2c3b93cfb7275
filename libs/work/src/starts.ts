import { JobsError } from '@keelson/jobs';
import { TerminalError } from '@keelson/stage';
import type { OpenWork, Verdict, WorkEvent, Workplace } from './work-kind';

/** How long work may wait for what it needs to start: registry, disk, cluster. */
const startDeadlineMs = 10 * 60_000;

/** Starts jobs, and knows since when one that should begin could not. */
export class Starts<E extends WorkEvent> {
  readonly #failingSinceMs = new Map<string, number>();

  constructor(readonly place: Workplace<E>) {}

  /** Starts the job. A neighbour that is away is waited for, up to the deadline; then it is told why there is no job. */
  async start(work: OpenWork<E>, signal: AbortSignal): Promise<Verdict | undefined> {
    const { deps, kind } = this.place;
    try {
      const ensured = await deps.jobs.ensure(await kind.jobSpec(work, signal), signal);
      if (ensured === 'deleting') throw new JobsError(`an earlier job ${work.name} is still being removed`, true);
      this.forget(work.name);
      return undefined;
    } catch (error) {
      if (signal.aborted) throw error;
      const nowMs = deps.clock();
      const sinceMs = this.#failingSinceMs.get(work.name) ?? nowMs;
      this.#failingSinceMs.set(work.name, sinceMs);
      if (!isHopeless(error) && nowMs - sinceMs < startDeadlineMs) throw error;
      return notStarted(kind.noun, error);
    }
  }

  forget(name: string): void {
    this.#failingSinceMs.delete(name);
  }
}

/** The same job will never start. */
const isHopeless = (error: unknown): boolean =>
  error instanceof TerminalError || (error instanceof JobsError && !error.transient);

const notStarted = (noun: string, error: unknown): Verdict => ({
  outcome: error instanceof JobsError && error.fault === 'user' ? 'failure' : 'error',
  reason: {
    code: 'not-started',
    message: `the ${noun} could not be started: ${error instanceof Error ? error.message : String(error)}`,
  },
});
