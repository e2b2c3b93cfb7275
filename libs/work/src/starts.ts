import type { Reason } from '@keelson/events';
import { JobsError } from '@keelson/jobs';
import { TerminalError } from '@keelson/stage';
import type { Workplace } from './conclude';
import type { OpenWork, WorkEvent } from './work-kind';

/** How long work may wait for what it needs to start: registry, disk, cluster. */
const startDeadlineMs = 10 * 60_000;

/** Starts jobs, and knows since when one that should begin could not. */
export class Starts<E extends WorkEvent> {
  readonly #failingSinceMs = new Map<string, number>();

  constructor(readonly place: Workplace<E>) {}

  /** Starts the job. A neighbour that is away is waited for, up to the deadline; then the reason is returned. */
  async start(work: OpenWork<E>, signal: AbortSignal): Promise<Reason | undefined> {
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
      if (!(error instanceof TerminalError) && nowMs - sinceMs < startDeadlineMs) throw error;
      const message = error instanceof Error ? error.message : String(error);
      return { code: 'not-started', message: `the ${kind.noun} could not be started: ${message}` };
    }
  }

  forget(name: string): void {
    this.#failingSinceMs.delete(name);
  }
}
