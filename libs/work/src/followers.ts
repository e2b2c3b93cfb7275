import { setTimeout as sleep } from 'node:timers/promises';
import { follow } from './follower';
import type { Followed } from './follower';
import type { Kept, WorkDeps } from './work-kind';

/** A store or a job that fails is asked again after this pause. */
const pauseMs = 1000;

/** The followers at work in this process, one for each job. */
export class Followers {
  readonly #following = new Set<string>();
  readonly #kept = new Map<string, Kept>();

  constructor(
    readonly deps: WorkDeps,
    /** Called when the output of a job has ended, and when everything of it is kept. */
    readonly hints: { outputEnded: () => void; kept: () => void },
  ) {}

  isFollowing = (name: string): boolean => this.#following.has(name);

  /** What was kept of a job, once its output has ended and its log is sealed. */
  kept = (name: string): Kept | undefined => this.#kept.get(name);

  forget(name: string): void {
    this.#kept.delete(name);
  }

  /** Follows a job in the background until all is kept or the signal aborts. Does nothing when it is followed already. */
  follow(job: Followed, signal: AbortSignal): void {
    if (this.#following.has(job.name) || this.#kept.has(job.name)) return;
    this.#following.add(job.name);
    void this.#keep(job, signal).finally(() => {
      this.#following.delete(job.name);
      this.hints.kept();
    });
  }

  async #keep(job: Followed, signal: AbortSignal): Promise<void> {
    for (let fault = ''; !signal.aborted;) {
      try {
        this.#kept.set(job.name, await follow(this.deps, { ...job, onOutputEnd: this.hints.outputEnded }, signal));
        return;
      } catch (error) {
        if (signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        if (message !== fault)
          this.deps.warn('the log could not be kept, trying again', { job: job.name, error: message });
        fault = message;
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // woken by the end of the service
      }
    }
  }
}
