/**
 * Wall-clock time read once, carried on by the monotonic clock: while the process runs, a clock that is set back or forward
 * neither stretches nor cuts a wait.
 */
export class SteadyClock {
  readonly #startedAtMs: number;
  readonly #startedMonotonicMs = performance.now();

  /** @param wallClock milliseconds since the epoch */
  constructor(wallClock: () => number) {
    this.#startedAtMs = wallClock();
  }

  /** Whole milliseconds since the epoch, as of the start of this clock. */
  nowMs(): number {
    return Math.floor(this.#startedAtMs + performance.now() - this.#startedMonotonicMs);
  }
}
