import type { Found } from './delivery-lanes';

/** Who takes deliveries: what a transaction must know of a consumer. */
export type Taker = {
  /** False once it is told to stop: a place that becomes free is not to be filled. */
  readonly taking: boolean;
  /** How many more deliveries it has room for. */
  readonly places: number;
  /** Begins to work on a delivery whose hand-out is on disk. */
  start(found: Found): void;
  /** The delivery is answered. */
  forget(offset: number): void;
};

/** What one transaction will change in memory, kept apart until the disk has it. */
export class BusTransaction {
  readonly #handOuts: { taker: Taker; found: Found }[] = [];
  readonly #freed = new Map<Taker, Set<number>>();
  /** When the next waiting delivery is due, on the steady clock; undefined when none waits. */
  nextDueMs: number | undefined;

  /** The taker's delivery was answered: its place can be filled in this very transaction. */
  free(taker: Taker, offset: number): void {
    const freed = this.#freed.get(taker) ?? new Set();
    this.#freed.set(taker, freed.add(offset));
  }

  /** Whether the taker's delivery was answered in this transaction: in memory it still has it. */
  hasFreed(taker: Taker, offset: number): boolean {
    return this.#freed.get(taker)?.has(offset) ?? false;
  }

  handOut(taker: Taker, found: Found): void {
    this.#handOuts.push({ taker, found });
  }

  /** Places a taker will have once this is committed. */
  placesOf(taker: Taker): number {
    if (!taker.taking) return 0;
    const freed = this.#freed.get(taker)?.size ?? 0;
    const taken = this.#handOuts.filter((one) => one.taker === taker).length;
    return taker.places + freed - taken;
  }

  /** Makes it so in memory, and starts the handlers. */
  apply(): void {
    for (const [taker, offsets] of this.#freed) for (const offset of offsets) taker.forget(offset);
    for (const { taker, found } of this.#handOuts) taker.start(found);
  }
}
