import { TerminalError } from '@keelson/stage';
import type { Delay, Outcome } from '@keelson/stage';
import type { ParkReason } from './bus';
import { encodeEvents } from './encoded-event';
import type { EncodedEvent } from './encoded-event';
import { EventTooLargeError } from './event-too-large-error';
import type { StoredDelivery } from './stored-delivery';

/** `delivery.parking` says why. */
export type ParkAnswer = { kind: 'park'; delivery: ParkedDelivery; events: readonly EncodedEvent[] };
type ParkedDelivery = StoredDelivery & { parking: { reason: ParkReason; tries: number } };

/** What happens to a delivery after somebody looked at it. */
export type Answer =
  | { kind: 'done'; events: readonly EncodedEvent[] }
  | { kind: 'wait'; lane: 'again' | 'retry'; delayMs: number; delivery: StoredDelivery }
  | ParkAnswer
  | { kind: 'give-back' };

/** When and how often a delivery comes back. */
export type DeliveryLimits = {
  /** Waits after the first, second, ... failed try, in milliseconds; one failure more parks. */
  retryMs: readonly number[];
  againMs: Readonly<Record<Delay, number>>;
  /** How long `again` may be answered in all, in milliseconds, before the delivery is parked as expired. */
  againDeadlineMs: number;
  /** Hand-outs without an answer, besides the first, before the delivery is parked as a crash loop. */
  maxRedeliveries: number;
};

/** The answer that parks a delivery, before `onPark` has been asked. */
export const park = (code: ParkReason['code'], error: string, delivery: StoredDelivery): ParkAnswer => ({
  kind: 'park',
  delivery: { ...delivery, parking: { reason: { code, error }, tries: 0 } },
  events: [],
});

/** The delivery has been answered: what counts hand-outs without an answer begins anew. */
const answered = (delivery: StoredDelivery): StoredDelivery => ({ ...delivery, handOuts: 0, redelivered: false });

/** @param tookMs how long the handler ran: part of what the `again` deadline bounds */
export function answerToOutcome(
  { outcome, tookMs }: { outcome: Outcome; tookMs: number },
  delivery: StoredDelivery,
  limits: DeliveryLimits,
): Answer {
  if (outcome.kind === 'emit') return { kind: 'done', events: encodeEvents(outcome.events) };
  const delayMs = limits.againMs[outcome.after];
  const againSpentMs = delivery.againSpentMs + tookMs + delayMs;
  if (againSpentMs > limits.againDeadlineMs) {
    const text = `still not done ${limits.againDeadlineMs} ms after the first try: ${outcome.because}`;
    return park('expired', text, delivery);
  }
  const waiting = { ...answered(delivery), agains: delivery.agains + 1, againSpentMs, delayMs };
  return { kind: 'wait', lane: 'again', delayMs, delivery: waiting };
}

export function answerToError(error: unknown, delivery: StoredDelivery, limits: DeliveryLimits): Answer {
  const failed = { ...delivery, failures: delivery.failures + 1 };
  if (error instanceof TerminalError || error instanceof EventTooLargeError)
    return park('terminal', error.message, failed);
  const delayMs = limits.retryMs[delivery.failures];
  if (delayMs === undefined) return park('retries-exhausted', messageOf(error), failed);
  return { kind: 'wait', lane: 'retry', delayMs, delivery: { ...answered(failed), delayMs } };
}

/** The answer that is clear before any handler is asked, if there is one. */
export function answerBeforehand(delivery: StoredDelivery, limits: DeliveryLimits): Answer | undefined {
  const { parking } = delivery;
  if (parking) return { kind: 'park', delivery: { ...delivery, parking }, events: [] };
  const unanswered = delivery.handOuts - 1;
  if (unanswered <= limits.maxRedeliveries) return undefined;
  const text = `handed out ${unanswered} times without an answer: the process ended each time`;
  return park('crash-loop', text, delivery);
}

/** `onPark` failed: the delivery waits, its fate decided, and `onPark` alone is asked again. */
export function answerToFailedPark({ delivery }: ParkAnswer, limits: DeliveryLimits): Answer {
  const { reason } = delivery.parking;
  const tries = delivery.parking.tries + 1;
  const delayMs = limits.retryMs[Math.min(tries, limits.retryMs.length) - 1] ?? fallbackMs;
  const waiting = { ...answered(delivery), delayMs, parking: { reason, tries } };
  return { kind: 'wait', lane: 'retry', delayMs, delivery: waiting };
}

/** Between two tries of `onPark` when no retry intervals are set at all. */
const fallbackMs = 10_000;

/** One line for the operator: what was thrown, in its own words. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.slice(0, 4096);
}
