/** A bell that remembers: rung while nobody waits, it wakes the next who does. Many rings before that are one. */
export class Wake {
  #rung = false;
  #waking: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#waking?.();
  }

  /** Resolves when the bell was rung since the last wait, after a time, or when the signal aborts. One waiter at a time. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted) await this.#sleep(timeoutMs, signal);
    this.#rung = false;
  }

  #sleep(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#waking = undefined;
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      signal.addEventListener('abort', end);
      this.#waking = end;
    });
  }
}
