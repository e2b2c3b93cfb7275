import { z } from 'zod';
import type { Store } from './lmdb-store';

const stored = z.array(z.string());

/** Which services take which event types. Kept on disk: events published while a service is down wait for it. */
export class Subscriptions {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The service takes these types from now on, and no others. In a transaction. */
  replace(service: string, types: readonly string[]): void {
    this.#store.subscriptions.putSync(service, JSON.stringify(types));
  }

  /** The service takes these types too. In a transaction. */
  add(service: string, types: readonly string[]): void {
    const before = this.#typesOf(service);
    const after = [...new Set([...before, ...types])];
    if (before.length !== after.length || before.length === 0) this.replace(service, after);
  }

  services(): string[] {
    return Array.from(this.#store.subscriptions.getKeys());
  }

  /** The services that take a type. */
  takersOf(type: string): string[] {
    return this.services().filter((service) => this.#typesOf(service).includes(type));
  }

  #typesOf(service: string): string[] {
    try {
      return stored.parse(JSON.parse(this.#store.subscriptions.get(service) ?? '[]'));
    } catch {
      return []; // written by another version; the service says anew what it takes when it consumes
    }
  }
}
