import type { DeliveryLimits } from './answer';
import { AuditLog } from './audit-log';
import { Consumers } from './consumers';
import { DeliveryLanes } from './delivery-lanes';
import { DueTimer } from './due-timer';
import type { EncodedEvent } from './encoded-event';
import { GroupCommit } from './group-commit';
import { Inbox, inboxName } from './inbox';
import type { Store } from './lmdb-store';
import type { Offered } from './outside-message';
import { outsideMessage } from './outside-message';
import { SteadyClock } from './steady-clock';
import { Subscriptions } from './subscriptions';
import { BusTransaction } from './transaction';
import { Wake } from './waiting';

/** How a bus behaves, every value given. */
export type BusSettings = {
  limits: DeliveryLimits;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  auditRetentionMs: number;
  /** How long a consumer that ends waits for its handlers before it gives their deliveries back. */
  graceMs: number;
  /** Between two terms of one leader. */
  leadPauseMs: number;
  /** Told of what nobody else is told: a disk that refused an answer, an `onPark` or a leader's work that threw. */
  onError: (error: Error) => void;
};

/** What the parts of one open bus share. */
export type BusParts = BusSettings & {
  store: Store;
  lanes: DeliveryLanes;
  audit: AuditLog;
  inbox: Inbox;
  subscriptions: Subscriptions;
  consumers: Consumers;
  commits: GroupCommit<BusTransaction>;
  steadyClock: SteadyClock;
  timer: DueTimer;
  /** Rings after every transaction. */
  changed: Wake;
  closing: AbortController;
};

/** Due deliveries made ready in one transaction, per service and lane; the rest follows in the next. */
const promoteAtMost = 500;
/** Until hand-outs that could not be stored are tried again. */
const retryStoringMs = 1_000;

export function assembleParts(store: Store, settings: BusSettings): BusParts {
  const audit = new AuditLog(store, settings.auditRetentionMs);
  const parts: BusParts = {
    ...settings,
    store,
    lanes: new DeliveryLanes(store),
    audit,
    inbox: new Inbox(store, audit),
    subscriptions: new Subscriptions(store),
    consumers: new Consumers(),
    steadyClock: new SteadyClock(settings.wallClock),
    changed: new Wake(),
    closing: new AbortController(),
    timer: new DueTimer(() => lookAgain(parts)),
    commits: new GroupCommit(store.root, {
      begin: () => new BusTransaction(),
      finish: (transaction) => handOut(parts, transaction),
      committed: (transaction) => {
        transaction.apply();
        parts.timer.set(untilDue(parts, transaction.nextDueMs));
        parts.changed.ring();
      },
      failed: () => parts.timer.set(retryStoringMs),
    }),
  };
  return parts;
}

/** Stores events and lays one delivery each into the queue of every service that takes them. In a transaction. */
export function publishIn(parts: BusParts, events: readonly EncodedEvent[]): void {
  const publishedAtMs = Math.round(parts.wallClock());
  for (const event of events) {
    const takers = parts.subscriptions.takersOf(event.type);
    const offset = parts.audit.append(event, publishedAtMs, takers.length);
    for (const service of takers) parts.lanes.add({ service, offset });
  }
}

/** Stores a message from outside and lays it into the inbox, which is there from now on. In a transaction. */
export function offerIn(parts: BusParts, offered: Offered): void {
  const message = outsideMessage(offered, Math.round(parts.wallClock()));
  parts.subscriptions.add(inboxName, []);
  parts.lanes.add({ service: inboxName, offset: parts.inbox.append(message) });
}

/** One delivery less needs what lies under the offset. In a transaction. */
export function release({ inbox, audit }: BusParts, offset: number): void {
  if (inbox.has(offset)) inbox.forget(offset);
  else audit.release(offset);
}

/** A transaction of its own: what is due becomes ready, and what is ready is handed out. */
export function lookAgain(parts: BusParts): void {
  parts.commits.run(() => undefined).catch(parts.onError);
}

/** Every transaction ends so: state decides, not the event that changed it. */
function handOut(parts: BusParts, transaction: BusTransaction): void {
  const { lanes, subscriptions, steadyClock } = parts;
  const services = subscriptions.services();
  const nowMs = steadyClock.nowMs();
  for (const service of services) lanes.promote(service, nowMs, promoteAtMost);
  parts.consumers.fill(lanes, transaction);
  const dues = services.map((service) => lanes.nextDueMs(service)).filter((due) => due !== undefined);
  transaction.nextDueMs = dues.length === 0 ? undefined : Math.min(...dues);
}

function untilDue(parts: BusParts, dueMs: number | undefined): number | undefined {
  return dueMs === undefined ? undefined : dueMs - parts.steadyClock.nowMs();
}
