import type { DeliveryLanes } from './delivery-lanes';
import type { BusTransaction, Taker } from './transaction';

/** Who takes deliveries now, and who gets which: every transaction ends by filling the free places. */
export class Consumers {
  readonly #byService = new Map<string, Set<Taker>>();

  add(service: string, taker: Taker): void {
    const those = this.#byService.get(service) ?? new Set();
    this.#byService.set(service, those.add(taker));
  }

  remove(service: string, taker: Taker): void {
    this.#byService.get(service)?.delete(taker);
  }

  count(service: string): number {
    return this.#byService.get(service)?.size ?? 0;
  }

  /** Hands out what is ready to whoever has the most free places: in the transaction that makes it ready, so a hop costs one flush. */
  fill(lanes: DeliveryLanes, transaction: BusTransaction): void {
    for (const [service, takers] of this.#byService) {
      const places = () => [...takers].map((taker) => ({ taker, free: transaction.placesOf(taker) }));
      const free = places().reduce((sum, place) => sum + Math.max(place.free, 0), 0);
      if (free === 0) continue;
      for (const found of lanes.take(service, free)) {
        const roomiest = places().reduce((best, place) => (place.free > best.free ? place : best));
        transaction.handOut(roomiest.taker, found);
      }
    }
  }
}
