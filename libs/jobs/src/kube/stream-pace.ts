/** One that brought this much within a second is catching up. */
const catchingUpBytes = 256 * 1024;
const restMs = { usual: 250, catchingUp: 2_000 };

/** How what we read comes in: whether there is more to come at once. The time in which we are busy with it ourselves does not count. */
export class StreamPace {
  #askedAtMs: number | undefined;
  #secondAtMs: number;
  #bytes = { thisSecond: 0, lastSecond: 0 };

  /** @param now milliseconds that only go up */
  constructor(readonly now: () => number = () => performance.now()) {
    this.#secondAtMs = now();
  }

  /** We wait for more. */
  asked(): void {
    this.#askedAtMs = this.now();
  }

  /** There is more. */
  heard(bytes: number): void {
    const nowMs = this.now();
    this.#askedAtMs = undefined;
    if (nowMs - this.#secondAtMs > 1_000) {
      this.#bytes = { thisSecond: 0, lastSecond: nowMs - this.#secondAtMs > 2_000 ? 0 : this.#bytes.thisSecond };
      this.#secondAtMs = nowMs;
    }
    this.#bytes.thisSecond += bytes;
  }

  /** For how long we have waited for more. */
  get quietMs(): number {
    return this.#askedAtMs === undefined ? 0 : this.now() - this.#askedAtMs;
  }

  /** Nothing more is to be expected of a writer that has ended. */
  get isAtRest(): boolean {
    const { thisSecond, lastSecond } = this.#bytes;
    const isCatchingUp = Math.max(thisSecond, lastSecond) > catchingUpBytes;
    return this.quietMs >= (isCatchingUp ? restMs.catchingUp : restMs.usual);
  }
}
