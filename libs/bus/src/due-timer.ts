/** A delay longer than this overflows Node's timers, which then ring at once. */
const longestTimerMs = 2 ** 31 - 1;

/** One timer, for the next thing that is due. Nothing due, no timer. */
export class DueTimer {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings once after the time instead of whatever was set before; undefined: not at all. */
  set(afterMs: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (afterMs === undefined) return;
    this.#timer = setTimeout(this.#ring, Math.min(Math.max(afterMs, 0), longestTimerMs));
  }
}
