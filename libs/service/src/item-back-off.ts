import { backOffMs } from './back-off';
import type { BackOff } from './back-off';

/** Which items failed, and when each may be tried again. Times are of the monotonic clock: a clock that is set back delays nothing. */
export class ItemBackOff {
  readonly #backOff: BackOff;
  readonly #failed = new Map<string, { failures: number; dueMs: number }>();

  constructor(backOff: BackOff) {
    this.#backOff = backOff;
  }

  /** Whether the item may be tried now. When it may, it counts as being tried until it succeeded or failed. */
  begin(key: string): boolean {
    const item = this.#failed.get(key);
    if (item === undefined) return true;
    if (item.dueMs > performance.now()) return false;
    item.dueMs = Infinity;
    return true;
  }

  /** Milliseconds until the first item that failed may be tried again; Infinity when none failed. */
  nextDueInMs(): number {
    const dueMs = Math.min(...[...this.#failed.values()].map((item) => item.dueMs));
    return Math.max(dueMs - performance.now(), 0);
  }

  succeeded(key: string): void {
    this.#failed.delete(key);
  }

  /** @returns the wait before the next try */
  failed(key: string): number {
    const failures = (this.#failed.get(key)?.failures ?? 0) + 1;
    const waitMs = backOffMs(this.#backOff, failures);
    this.#failed.set(key, { failures, dueMs: performance.now() + waitMs });
    return waitMs;
  }

  /** Forgets items that are there no more. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#failed.keys()) if (!keys.has(key)) this.#failed.delete(key);
  }
}
