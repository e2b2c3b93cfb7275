import { setTimeout } from 'node:timers/promises';

/** Waits for a while or for a hint, whatever comes first. Hints that end or fail only cost time. */
export class ChangeHints {
  readonly #hints: AsyncIterator<void> | undefined;
  #hinted = false;
  #wake: () => void = () => undefined;

  /** Listens from now on, so that no hint is lost between a look and the wait after it. */
  constructor(changes: AsyncIterable<void> | undefined) {
    this.#hints = changes?.[Symbol.asyncIterator]();
    this.#listen();
  }

  /** @throws the signal's reason when it aborts */
  async wait(atMostMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#hinted) await this.#sleep(atMostMs, signal);
    signal.throwIfAborted();
    if (!this.#hinted) return;
    this.#hinted = false;
    this.#listen();
  }

  /** Listens no more. Not awaited: a generator answers only when its next hint has come. */
  close(): void {
    this.#hints?.return?.().catch(() => undefined);
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    signal.addEventListener('abort', this.#wake);
    try {
      // It rejects when it is cut short, which is no fault.
      await setTimeout(ms, undefined, { signal: woken.signal }).catch(() => undefined);
    } finally {
      signal.removeEventListener('abort', this.#wake);
    }
  }

  #listen(): void {
    this.#hints?.next().then(
      ({ done }) => {
        this.#hinted = done !== true;
        if (this.#hinted) this.#wake();
      },
      () => undefined,
    );
  }
}
