import { decodeAudit } from './audit-log';
import type { AuditEntry, OutsideMessage, Parked, QueueState } from './bus';
import type { BusParts } from './bus-parts';
import type { Found, Place } from './delivery-lanes';

/** The state of every service's queue, as it stands on disk. */
export function queueStates(parts: BusParts): QueueState[] {
  const { lanes, subscriptions, consumers } = parts;
  return subscriptions.services().map((service) => {
    const oldestMs = ageOfOldest(parts, service);
    return {
      service,
      ready: lanes.count(service, 'ready'),
      inWork: lanes.count(service, 'work'),
      again: lanes.count(service, 'again'),
      retry: lanes.count(service, 'retry'),
      parked: lanes.count(service, 'parked'),
      consumers: consumers.count(service),
      ...(oldestMs === undefined ? {} : { oldestMs }),
    };
  });
}

/** Parked deliveries of all services, oldest first. */
export function parkedDeliveries(parts: BusParts): Parked[] {
  return parts.subscriptions
    .services()
    .flatMap((service) => parts.lanes.find(service, 'parked'))
    .map((found) => parkedOf(parts, found))
    .sort((a, b) => a.parkedAtMs - b.parkedAtMs);
}

/** The delivery that `Parked.id` names; undefined when it is no such id. */
export function placeOf(id: string): Place | undefined {
  const parts = /^([a-z][a-z0-9-]*)\/(\d{1,15})$/.exec(id);
  return parts?.[1] === undefined ? undefined : { service: parts[1], offset: Number(parts[2]) };
}

function parkedOf(parts: BusParts, { service, offset, delivery }: Found): Parked {
  const message = messageAt(parts, offset);
  return {
    id: `${service}/${offset}`,
    service,
    event: message ? undefined : entryAt(parts, offset)?.event,
    ...(message ? { message } : {}),
    reason: delivery.parking?.reason ?? { code: 'terminal', error: 'the reason is not recorded' },
    failures: delivery.failures,
    parkedAtMs: delivery.parkedAtMs ?? 0,
  };
}

function ageOfOldest(parts: BusParts, service: string): number | undefined {
  const oldest = parts.lanes.find(service, 'ready', 1)[0];
  if (!oldest) return undefined;
  const sinceMs = messageAt(parts, oldest.offset)?.receivedAtMs ?? entryAt(parts, oldest.offset)?.publishedAtMs;
  return sinceMs === undefined ? undefined : Math.max(parts.wallClock() - sinceMs, 0);
}

function entryAt(parts: BusParts, offset: number): AuditEntry | undefined {
  const row = parts.audit.get(offset);
  try {
    return row && decodeAudit(row);
  } catch {
    return undefined; // of another version: its consumer parks it, and its reason says so
  }
}

function messageAt(parts: BusParts, offset: number): OutsideMessage | undefined {
  try {
    return parts.inbox.get(offset);
  } catch {
    return undefined; // as above
  }
}
