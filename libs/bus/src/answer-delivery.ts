import { TerminalError } from '@keelson/stage';
import type { Event } from '@keelson/events';
import type { Outcome } from '@keelson/stage';
import { answerBeforehand, answerToError, answerToFailedPark, answerToOutcome, messageOf } from './answer';
import type { Answer, DeliveryLimits, ParkAnswer } from './answer';
import type { Delivery, Handler, InboxHandler, OutsideMessage, ParkReason, Subscription } from './bus';
import { encodeEvents } from './encoded-event';
import type { StoredDelivery } from './stored-delivery';

/** What is done with deliveries of one kind: events, or messages from outside. */
export type DeliveryTask<T> = {
  /** Whose. */
  service: string;
  /** Deliveries in work at once. */
  prefetch: number;
  /** What a delivery is called in messages. */
  nameOf(content: T): string;
  handle(content: T, delivery: Delivery, signal: AbortSignal): Promise<Outcome>;
  /** Asked before a delivery is parked; the events it returns are published with that. */
  beforePark(content: T, why: ParkReason): Promise<readonly Event[]>;
};

/** A delivery as it was taken: what it carries, and what is known of it. */
export type Taken<T> = { content: T; publishedAtMs: number; stored: StoredDelivery };

export type Circumstances = {
  limits: DeliveryLimits;
  onError: (error: Error) => void;
  /** Aborts when the consumer is to end. */
  signal: AbortSignal;
};

export const eventTask = ({ service, prefetch, onPark }: Subscription, handler: Handler): DeliveryTask<Event> => ({
  service,
  prefetch,
  nameOf: (event) => `event ${event.id}`,
  handle: handler,
  beforePark: async (event, why) => (onPark ? onPark(event, why) : []),
});

export const inboxTask = (
  { service, prefetch }: Pick<Subscription, 'service' | 'prefetch'>,
  handler: InboxHandler,
): DeliveryTask<OutsideMessage> => ({
  service,
  prefetch,
  nameOf: (message) => `message ${message.id}`,
  handle: handler,
  beforePark: async () => [],
});

/** What is to happen to a delivery: asks the handler unless it is clear beforehand, and whoever must be asked before it is parked. Never rejects. */
export async function answerDelivery<T>(
  task: DeliveryTask<T>,
  taken: Taken<T>,
  circumstances: Circumstances,
): Promise<Answer> {
  const clear = answerBeforehand(taken.stored, circumstances.limits);
  const answer = clear ?? (await askHandler(task, taken, circumstances));
  return answer.kind === 'park' ? askBeforePark({ task, taken, circumstances }, answer) : answer;
}

async function askHandler<T>(
  task: DeliveryTask<T>,
  { content, publishedAtMs, stored }: Taken<T>,
  { limits, signal }: Circumstances,
): Promise<Answer> {
  const { failures, agains, redelivered } = stored;
  const startedMs = performance.now();
  try {
    const outcome = await task.handle(content, { failures, agains, redelivered, publishedAtMs }, signal);
    return answerToOutcome({ outcome, tookMs: performance.now() - startedMs }, stored, limits);
  } catch (error) {
    // We told it to end: whatever it threw then is not the delivery's failure.
    const interrupted = signal.aborted && !(error instanceof TerminalError);
    return interrupted ? { kind: 'give-back' } : answerToError(error, stored, limits);
  }
}

async function askBeforePark<T>(
  { task, taken, circumstances }: { task: DeliveryTask<T>; taken: Taken<T>; circumstances: Circumstances },
  answer: ParkAnswer,
): Promise<Answer> {
  try {
    return { ...answer, events: encodeEvents(await task.beforePark(taken.content, answer.delivery.parking.reason)) };
  } catch (cause) {
    const name = `${task.nameOf(taken.content)} of ${task.service}`;
    const text = `${name} is not parked yet: onPark failed: ${messageOf(cause)}`;
    circumstances.onError(new Error(text, { cause }));
    return answerToFailedPark(answer, circumstances.limits);
  }
}
