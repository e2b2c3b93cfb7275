import type { Event, EventType } from '@keelson/events';
import type { Outcome } from '@keelson/stage';

/** One service's share of the bus: its name and the event types it takes. Several consumers of one service compete. */
export type Subscription = {
  service: string;
  types: readonly EventType[];
  /** Deliveries in work at once. */
  prefetch: number;
  /** Called before a delivery is parked: the run's end is written here, and the events that tell of it are returned. When it throws, the delivery is not parked yet but retried. */
  onPark?: (event: Event, why: ParkReason) => Promise<readonly Event[]>;
};

export type ParkReason = { code: 'terminal' | 'retries-exhausted' | 'expired' | 'crash-loop'; error: string };

/** What a handler is given besides the event. */
export type Delivery = {
  /** Failed tries before this one, from 0. `again` is not a failure and does not count. */
  failures: number;
  /** How often `again` was answered. */
  agains: number;
  /** True when this delivery may have been handed out before (a crash, a closed connection). */
  redelivered: boolean;
  /** When the event was first published, milliseconds since the epoch. */
  publishedAtMs: number;
};

export type Handler = (event: Event, delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;

/** A message from outside, as it came. */
export type OutsideMessage = {
  /** Made from the content: the same at every delivery, and for another message that says the same. */
  id: string;
  contentType?: string;
  /** Names in lower case; values as text. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  /** When it was put into the inbox or, where that is not recorded, first seen: milliseconds since the epoch. */
  receivedAtMs: number;
};

export type InboxHandler = (message: OutsideMessage, delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;

/** One service's queue, for operators. */
export type QueueState = {
  service: string;
  ready: number;
  /** Handed out, and not answered yet; undefined where the broker cannot be asked for it. */
  inWork?: number;
  /** Waiting for a later look: `again` and failed tries. */
  again: number;
  retry: number;
  parked: number;
  /** Given up by the broker after too many crashes, and not parked yet; undefined on a bus that never does. */
  dead?: number;
  consumers: number;
  /** Age of the oldest ready event in milliseconds; undefined when there is none. */
  oldestMs?: number;
};

export type Parked = {
  /** Names this parked delivery to `replay` and `drop`. */
  id: string;
  service: string;
  /** Undefined for a message from outside, and when what is stored is not an event of this version; the reason says so. */
  event: Event | undefined;
  /** What came, when it came through the inbox. */
  message?: OutsideMessage;
  reason: ParkReason;
  failures: number;
  parkedAtMs: number;
};

export type AuditEntry = { offset: number; publishedAtMs: number; event: Event };

/**
 * Durable publish and subscribe with at-least-once delivery.
 * A publish is never lost once it resolved. A delivery is acknowledged only after its outcome's events are confirmed.
 */
export interface Bus {
  /**
   * Publishes in order; resolves when all are durable. May be called twice with the same events: consumers see them twice.
   * @throws BusUnavailableError when durability could not be confirmed: publish again
   */
  publish(events: readonly Event[], signal?: AbortSignal): Promise<void>;
  /**
   * Handles the service's events until the signal aborts; resolves after the deliveries in work have ended or were given back.
   * The handler throwing means retry after 10 s, 1 m, 10 m, then parking; a TerminalError is parked at once.
   */
  consume(subscription: Subscription, handler: Handler, signal: AbortSignal): Promise<void>;
  /**
   * Puts a message into the inbox, as an outsider does; durable when it resolves. Waits there until somebody consumes the inbox.
   * @throws BusUnavailableError when durability could not be confirmed: offer it again
   */
  offer(message: Pick<OutsideMessage, 'contentType' | 'headers' | 'body'>): Promise<void>;
  /**
   * Handles messages from outside until the signal aborts; as `consume`, but that the service is asked nothing before a message
   * is parked: it belongs to no run. Parked messages lie in the service's parking.
   */
  consumeInbox(
    subscription: { service: string; prefetch: number },
    handler: InboxHandler,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Runs `work` while this process leads the service; its signal aborts when leadership ends. When `work` ends, leads again
   * after a pause, until the outer signal aborts. Not fenced: two leaders may overlap for a moment.
   */
  lead(service: string, work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
  /**
   * Every event ever published within the audit's retention, oldest first, from an offset (0 = all), or only those published from now on (`end`).
   * Ends when caught up, unless `follow`: then it goes on until the signal aborts.
   */
  replay(options: { from: number | 'end'; follow: boolean }, signal: AbortSignal): AsyncIterable<AuditEntry>;
  /** The state of every known service's queue, and of the inbox as that of `inbox`; one nobody ever subscribed is not in it. */
  queues(): Promise<readonly QueueState[]>;
  /** Parked deliveries of all services, oldest first. */
  parked(): Promise<readonly Parked[]>;
  /** Puts a parked delivery back into its queue, with its event id and no failures, or forgets it. False when there is none of that id. */
  unpark(id: string, what: 'replay' | 'drop'): Promise<boolean>;
  /** Ends consumers in order and closes. May be called twice. */
  close(): Promise<void>;
}

/** The bus cannot be reached, or did not confirm. The caller may try again. */
export class BusUnavailableError extends Error {
  readonly code = 'bus-unavailable';
  override readonly name = 'BusUnavailableError';
}
