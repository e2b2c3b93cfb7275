/** Wakes one waiter. A wake-up that comes while nobody waits is kept for the next wait. */
export class Wake {
  #pending = false;
  #resolve: (() => void) | undefined;

  /** As a callback. */
  readonly up = (): void => {
    if (this.#resolve === undefined) this.#pending = true;
    else this.#resolve();
  };

  /** Waits to be woken, for the signal, or for so long. Never rejects. */
  wait(signal: AbortSignal, maxMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#resolve = undefined;
        resolve();
      };
      const timer = maxMs === undefined ? undefined : setTimeout(done, maxMs);
      signal.addEventListener('abort', done);
      this.#resolve = done;
      if (this.#pending || signal.aborted) done();
      this.#pending = false;
    });
  }
}
