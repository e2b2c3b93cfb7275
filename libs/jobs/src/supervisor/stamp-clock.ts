/** Where time comes from. */
export type TimeSource = { wallMs: () => number; monotonicNs: () => bigint };

/** A wall clock that is ahead by more is followed: the machine slept, or its clock was set. */
const followNs = 1_000_000_000n;
const perMs = 1_000_000n;

/**
 * Time for the lines of one log: never goes back, and never stands still, when the wall clock is set back; follows when it is set forward.
 */
export class StampClock {
  #offsetNs: bigint;

  constructor(private readonly source: TimeSource = { wallMs: Date.now, monotonicNs: process.hrtime.bigint }) {
    this.#offsetNs = this.#wallNs() - source.monotonicNs();
  }

  /** Nanoseconds since the epoch. */
  nowNs(): bigint {
    const steadyNs = this.source.monotonicNs() + this.#offsetNs;
    const aheadNs = this.#wallNs() - steadyNs;
    if (aheadNs <= followNs) return steadyNs;
    this.#offsetNs += aheadNs;
    return steadyNs + aheadNs;
  }

  /** Whole milliseconds since the epoch. */
  nowMs(): number {
    return Number(this.nowNs() / perMs);
  }

  #wallNs(): bigint {
    return BigInt(Math.floor(this.source.wallMs())) * perMs;
  }
}

/** RFC 3339, UTC, always nine decimals: 30 characters. */
export function rfc3339(ns: bigint): string {
  const seconds = new Date(Number(ns / perMs)).toISOString().slice(0, 20);
  return `${seconds}${String(ns % 1_000_000_000n).padStart(9, '0')}Z`;
}
