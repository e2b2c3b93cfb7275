import { setMaxListeners } from 'node:events';
import type { Event } from '@keelson/events';
import { messageOf } from './answer';
import { eventTask, inboxTask } from './answer-delivery';
import type { DeliveryTask } from './answer-delivery';
import { decodeAudit } from './audit-log';
import { BusUnavailableError } from './bus';
import { BusInUseError } from './bus-in-use-error';
import type { AuditEntry, Bus, Handler, InboxHandler, Parked, QueueState, Subscription } from './bus';
import { assembleParts, offerIn, publishIn, release } from './bus-parts';
import type { BusParts } from './bus-parts';
import { Consumer } from './consumer';
import type { Read } from './consumer';
import { claimDirectory, releaseDirectory } from './directory-owner';
import { encodeEvents } from './encoded-event';
import { inboxName } from './inbox';
import { LastingCalls } from './lasting-calls';
import { Leadership } from './leadership';
import { settingsOf } from './lmdb-options';
import type { LmdbBusOptions } from './lmdb-options';
import { closeStore, openStore } from './lmdb-store';
import type { Offered } from './outside-message';
import { placeOf, parkedDeliveries, queueStates } from './queue-view';
import { recover } from './recover';
import { replayAudit } from './replay-audit';
import { checkService, checkSubscription } from './service-name';
import type { BusTransaction } from './transaction';
import { untilAborted } from './waiting';

/**
 * The bus of one machine: one LMDB environment in one directory, owned by one process.
 * A publish, an answer with the events it causes, and the hand-outs that follow are one transaction with one flush to disk.
 */
export class LmdbBus implements Bus {
  readonly #parts: BusParts;
  readonly #leadership: Leadership;
  readonly #lasting = new LastingCalls();
  #closed: Promise<void> | undefined;

  private constructor(parts: BusParts) {
    this.#parts = parts;
    this.#leadership = new Leadership(parts);
  }

  /**
   * Opens the bus and takes its directory; deliveries that a crash left in work are ready again.
   * @throws BusInUseError when a living process has the directory
   * @throws BusUnavailableError when the store cannot be opened
   */
  static async open(options: LmdbBusOptions): Promise<LmdbBus> {
    const store = await openStore(options.directory);
    try {
      claimDirectory(store);
      const parts = assembleParts(store, settingsOf(options));
      // Every consumer, leader and follower listens to it: many listeners are no leak here.
      setMaxListeners(0, parts.closing.signal);
      recover(parts);
      return new LmdbBus(parts);
    } catch (cause) {
      await closeStore(store);
      if (cause instanceof BusInUseError) throw cause;
      throw new BusUnavailableError(`the bus in ${options.directory} cannot be taken: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * A service takes exactly these types from now on, consumer or not: what is published waits for it.
   * Declare every service before anything is published. May be called again.
   */
  async declare(service: string, types: readonly string[]): Promise<void> {
    checkService(service);
    await this.#commit('a subscription', () => this.#parts.subscriptions.replace(service, types));
  }

  async publish(events: readonly Event[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const encoded = encodeEvents(events);
    if (encoded.length > 0) await this.#commit('the events', () => publishIn(this.#parts, encoded));
  }

  consume(subscription: Subscription, handler: Handler, signal: AbortSignal): Promise<void> {
    const { audit } = this.#parts;
    const read = (offset: number) => {
      const { event, publishedAtMs } = decodeAudit(audit.get(offset) ?? { offset, text: '' });
      return { content: event, publishedAtMs };
    };
    const { service: queue, types } = subscription;
    return this.#take({ queue, types, task: eventTask(subscription, handler), read }, signal);
  }

  async offer(message: Offered): Promise<void> {
    await this.#commit('the message', () => offerIn(this.#parts, message));
  }

  consumeInbox(
    subscription: { service: string; prefetch: number },
    handler: InboxHandler,
    signal: AbortSignal,
  ): Promise<void> {
    const { inbox } = this.#parts;
    const read = (offset: number) => {
      const content = inbox.get(offset);
      if (!content) throw new Error('it is gone');
      return { content, publishedAtMs: content.receivedAtMs };
    };
    return this.#take({ queue: inboxName, types: [], task: inboxTask(subscription, handler), read }, signal);
  }

  lead(service: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    return this.#tracked(async () => {
      checkService(service);
      await this.#leadership.lead(service, work, signal);
    });
  }

  replay(options: { from: number | 'end'; follow: boolean }, signal: AbortSignal): AsyncIterable<AuditEntry> {
    return replayAudit(this.#parts, options, signal);
  }

  async queues(): Promise<readonly QueueState[]> {
    return queueStates(this.#open());
  }

  async parked(): Promise<readonly Parked[]> {
    return parkedDeliveries(this.#open());
  }

  async unpark(id: string, what: 'replay' | 'drop'): Promise<boolean> {
    const place = placeOf(id);
    if (!place) return false;
    const { lanes, inbox } = this.#parts;
    return this.#commit('a parked delivery', () => {
      if (what === 'replay') return lanes.unpark(place, inbox.has(place.offset) ? inboxName : place.service);
      const dropped = lanes.dropParked(place);
      if (dropped) release(this.#parts, place.offset);
      return dropped;
    });
  }

  /** @see Bus.close. Publishing still works while consumers and leaders end, so that they can tell what they did. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { closing, commits, timer, store, graceMs, onError } = this.#parts;
    closing.abort();
    await this.#lasting.ended(graceMs);
    commits.close();
    timer.set(undefined);
    try {
      releaseDirectory(store);
    } catch (cause) {
      // On a full disk the record stays; once this process is gone anybody may take over.
      onError(new Error(`${store.directory} could not be given up: ${messageOf(cause)}`, { cause }));
    }
    await closeStore(store);
  }

  /** Takes deliveries of a queue until the signal aborts. */
  #take<T>({ queue, types, task, read }: Taking<T>, signal: AbortSignal): Promise<void> {
    return this.#tracked(async () => {
      const { service } = task;
      checkSubscription(task);
      if (signal.aborted) return;
      const { consumers, subscriptions, closing } = this.#parts;
      const consumer = new Consumer(this.#parts, task, read);
      consumers.add(queue, consumer);
      try {
        await this.#commit('a subscription', () => {
          subscriptions.add(queue, types);
          if (queue !== service) subscriptions.add(service, []); // its parking is to be seen
        });
        await untilAborted(signal, closing.signal);
        await consumer.stop();
      } finally {
        consumers.remove(queue, consumer);
      }
    });
  }

  /** Runs a call that lasts. */
  async #tracked(call: () => Promise<void>): Promise<void> {
    this.#open();
    await this.#lasting.run(call);
  }

  async #commit<T>(what: string, work: (transaction: BusTransaction) => T): Promise<T> {
    try {
      return await this.#parts.commits.run(work);
    } catch (cause) {
      if (cause instanceof BusUnavailableError) throw cause;
      const where = this.#parts.store.directory;
      throw new BusUnavailableError(`${what} could not be stored in ${where}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Reading a closed environment would end the process by a fault. */
  #open(): BusParts {
    if (this.#closed) throw new BusUnavailableError('the bus is closed');
    return this.#parts;
  }
}

type Taking<T> = { queue: string; types: readonly string[]; task: DeliveryTask<T>; read: Read<T> };
