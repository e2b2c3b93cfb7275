import { setTimeout as sleep } from 'node:timers/promises';
import type { Published, TestRunnerDeps } from './deps';
import { follow } from './follower';
import type { Kept } from './follower';

/** A store or a job that fails is asked again after this pause. */
const pauseMs = 1000;

/** The followers at work in this process, one for each job. */
export class Followers {
  readonly #following = new Set<string>();
  readonly #kept = new Map<string, Kept>();

  constructor(
    readonly deps: TestRunnerDeps,
    /** Called when everything of a job is kept. */
    readonly onKept: () => void,
  ) {}

  isFollowing = (name: string): boolean => this.#following.has(name);

  /** What was kept of a job, once its output has ended and its log is sealed. */
  kept = (name: string): Kept | undefined => this.#kept.get(name);

  forget(name: string): void {
    this.#kept.delete(name);
  }

  /** Follows a job in the background until all is kept or the signal aborts. Does nothing when it is followed already. */
  follow(open: { event: Published; name: string }, signal: AbortSignal): void {
    if (this.#following.has(open.name) || this.#kept.has(open.name)) return;
    this.#following.add(open.name);
    void this.#keep(open, signal).finally(() => {
      this.#following.delete(open.name);
      this.onKept();
    });
  }

  async #keep(open: { event: Published; name: string }, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#kept.set(open.name, await follow(this.deps, open, signal));
        return;
      } catch (error) {
        if (signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        this.deps.warn('the log could not be kept, trying again', { job: open.name, error: message });
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined); // woken by the end of the service
      }
    }
  }
}
