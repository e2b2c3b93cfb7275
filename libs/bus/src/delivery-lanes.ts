import type { DeliveryKey, Store } from './lmdb-store';
import { freshDelivery, readDelivery } from './stored-delivery';
import type { StoredDelivery } from './stored-delivery';

/** One service's delivery of one published event. */
export type Place = { service: string; offset: number };
export type WaitLane = 'again' | 'retry';
export type Lane = 'ready' | 'work' | 'parked' | WaitLane;
export type Waiting = { lane: WaitLane; dueAtMs: number };
/** A delivery as it was found in a lane. */
export type Found = Place & { key: DeliveryKey; delivery: StoredDelivery };

const waitLanes: readonly WaitLane[] = ['again', 'retry'];

/**
 * Where every delivery is. A delivery lies in exactly one lane of its service; each step moves it to another.
 * - `ready`, `work`, `parked`: [service, lane, offset], so the oldest event comes first, also when it came back;
 * - `again`, `retry`: [service, lane, due time, offset].
 * Everything that writes is called in a transaction.
 */
export class DeliveryLanes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  add(place: Place, delivery: StoredDelivery = freshDelivery): void {
    this.#put([place.service, 'ready', place.offset], delivery);
  }

  /** Moves up to `limit` ready deliveries into work and counts the hand-out. */
  take(service: string, limit: number): Found[] {
    return this.find(service, 'ready', limit).map((found) => {
      // Counting the way to parking would let onPark's own failures look like crashes of the handler.
      const counted = found.delivery.parking ? 0 : 1;
      const delivery = { ...found.delivery, handOuts: found.delivery.handOuts + counted };
      this.#move(found.key, [service, 'work', found.offset], delivery);
      return { ...found, key: [service, 'work', found.offset], delivery };
    });
  }

  /** The delivery in work is answered: gone. */
  finish(place: Place): void {
    this.#store.deliveries.removeSync([place.service, 'work', place.offset]);
  }

  /** The delivery in work comes back at a time. */
  wait(place: Place, delivery: StoredDelivery, waiting: Waiting): void {
    const from: DeliveryKey = [place.service, 'work', place.offset];
    this.#move(from, [place.service, waiting.lane, waiting.dueAtMs, place.offset], delivery);
  }

  /** The delivery in work is parked with its owner: the queue's service, or who takes in what comes from outside. */
  park(place: Place, delivery: StoredDelivery, owner: string): void {
    this.#move([place.service, 'work', place.offset], [owner, 'parked', place.offset], delivery);
  }

  /** The delivery in work becomes ready again. */
  giveBack(place: Place, delivery: StoredDelivery): void {
    this.#move([place.service, 'work', place.offset], [place.service, 'ready', place.offset], delivery);
  }

  /** Puts a parked delivery back into a queue, as if it were new. False when it is not parked. */
  unpark(place: Place, queue: string): boolean {
    const key: DeliveryKey = [place.service, 'parked', place.offset];
    if (!this.#store.deliveries.doesExist(key)) return false;
    this.#move(key, [queue, 'ready', place.offset], freshDelivery);
    return true;
  }

  /** False when it is not parked. */
  dropParked(place: Place): boolean {
    return this.#store.deliveries.removeSync([place.service, 'parked', place.offset]);
  }

  /** Makes deliveries ready whose time has come, up to `limit`. */
  promote(service: string, nowMs: number, limit: number): void {
    for (const lane of waitLanes) {
      const due = { start: [service, lane] as DeliveryKey, end: [service, lane, nowMs, beyond] as DeliveryKey, limit };
      for (const { key, value } of Array.from(this.#store.deliveries.getRange(due))) {
        this.#move(key, [service, 'ready', offsetOf(key)], readDelivery(value));
      }
    }
  }

  /** When the service's next waiting delivery is due. */
  nextDueMs(service: string): number | undefined {
    const dues = waitLanes.flatMap((lane) => {
      const first = this.#store.deliveries.getKeys({ ...within(service, lane), limit: 1 });
      return Array.from(first, (key) => Number(key[2]));
    });
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  /** Deliveries of a lane in its order; all of them without a limit. */
  find(service: string, lane: Lane, limit?: number): Found[] {
    const range = { ...within(service, lane), ...(limit === undefined ? {} : { limit }) };
    return Array.from(this.#store.deliveries.getRange(range), ({ key, value }) => {
      return { service, offset: offsetOf(key), key, delivery: readDelivery(value) };
    });
  }

  count(service: string, lane: Lane): number {
    return this.#store.deliveries.getKeysCount(within(service, lane));
  }

  /** After a restart nobody works on anything: what was in work is ready again, and may have been done before. */
  recoverWork(service: string): void {
    for (const { key, offset, delivery } of this.find(service, 'work')) {
      this.#move(key, [service, 'ready', offset], { ...delivery, redelivered: true });
    }
  }

  /** Shortens waits that the clock made longer than they were meant to be, by jumping back while nobody ran. */
  shortenWaits(service: string, nowMs: number): void {
    const latestDueMs = (delivery: StoredDelivery) => nowMs + (delivery.delayMs ?? 0);
    for (const lane of waitLanes) {
      const tooLong = this.find(service, lane).filter(({ key, delivery }) => Number(key[2]) > latestDueMs(delivery));
      for (const { key, offset, delivery } of tooLong) {
        this.#move(key, [service, lane, latestDueMs(delivery), offset], delivery);
      }
    }
  }

  #move(from: DeliveryKey, to: DeliveryKey, delivery: StoredDelivery): void {
    this.#store.deliveries.removeSync(from);
    this.#put(to, delivery);
  }

  #put(key: DeliveryKey, delivery: StoredDelivery): void {
    this.#store.deliveries.putSync(key, JSON.stringify(delivery));
  }
}

/** Sorts behind every offset and every time. */
const beyond = Number.MAX_SAFE_INTEGER;

const within = (service: string, lane: Lane): { start: DeliveryKey; end: DeliveryKey } => ({
  start: [service, lane],
  end: [service, lane, beyond],
});

const offsetOf = (key: DeliveryKey): number => Number(key[key.length - 1]);
