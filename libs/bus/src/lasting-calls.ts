import { atMost } from './waiting';

/** The calls of a bus that last, `consume` and `lead`: its `close` waits for them. */
export class LastingCalls {
  readonly #running = new Set<Promise<void>>();

  /** Runs a call to its end. */
  async run(call: () => Promise<void>): Promise<void> {
    const running = call();
    this.#running.add(running);
    try {
      await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves when all have ended, or a moment after the grace. */
  ended(graceMs: number): Promise<void> {
    // Consumers keep to the grace by themselves, and need a moment more to give back; a leader's work may not end at all.
    return atMost(graceMs + 1_000, Promise.allSettled(this.#running));
  }
}
