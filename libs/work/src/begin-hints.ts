import { setTimeout as sleep } from 'node:timers/promises';
import type { Jobs } from '@keelson/jobs';

/** A cluster tells of every step of every pod: it is a reason to look this often at most. */
const gapMs = 250;
/** After jobs could not be listened to. */
const pauseMs = 1000;

/** Hints that a job may have begun, while some job is awaited: listening to a cluster costs a connection. */
export class BeginHints {
  #listening: AbortController | undefined;

  constructor(
    readonly jobs: Pick<Jobs, 'changes'>,
    readonly hint: () => void,
  ) {}

  await(isAwaited: boolean): void {
    if (!isAwaited) return this.stop();
    if (this.#listening !== undefined) return;
    this.#listening = new AbortController();
    void this.#listen(this.#listening.signal);
  }

  stop(): void {
    this.#listening?.abort();
    this.#listening = undefined;
  }

  /** Never rejects. */
  async #listen(signal: AbortSignal): Promise<void> {
    // It may have begun since it was seen to wait, and before anybody listened.
    void pause(gapMs, signal).then(() => this.hint());
    while (!signal.aborted) {
      try {
        for await (const _ of this.jobs.changes(signal)) {
          this.hint();
          await pause(gapMs, signal);
        }
      } catch {
        // A hint that is lost costs time only: whoever lists the jobs says what is wrong with them.
      }
      await pause(pauseMs, signal);
    }
  }
}

/** Ends early with the signal. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
