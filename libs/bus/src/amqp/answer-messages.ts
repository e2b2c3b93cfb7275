import { randomUUID } from 'node:crypto';
import type { Message } from 'amqplib';
import type { Answer } from '../answer';
import { freshDelivery } from '../stored-delivery';
import type { StoredDelivery } from '../stored-delivery';
import { delays } from '@keelson/stage';
import { headersFor, headersOf, isDeliveryHeader } from './delivery-headers';
import { messagesOf, publishedAtHeader } from './message';
import type { OutMessage } from './message';
import { retryNames } from './names';
import type { BrokerNames, QueueNames } from './names';
import type { Waits } from './topology';

export type Sending = {
  names: BrokerNames;
  waits: Waits;
  mandatory: ReadonlySet<string>;
  queues: QueueNames;
  parking: string;
  nowMs: number;
};

/** What is sent before a delivery is acknowledged: the events it caused, and itself into the queue where it waits or is parked. */
export function answerMessages(
  { message, stored, answer }: { message: Message; stored: StoredDelivery; answer: Answer },
  sending: Sending,
): OutMessage[] {
  const publishedAtMs = Math.round(sending.nowMs);
  switch (answer.kind) {
    case 'done':
      return answer.events.flatMap((event) => messagesOf(event, { ...sending, publishedAtMs }));
    case 'wait':
      return [moved(message, { to: waitQueue(answer, sending), delivery: answer.delivery, sending })];
    case 'park':
      return [
        ...answer.events.flatMap((event) => messagesOf(event, { ...sending, publishedAtMs })),
        parked(message, answer.delivery, sending),
      ];
    case 'give-back': {
      // Given back in order is no crash: this hand-out does not count. Returning it would count at the broker.
      const delivery = { ...stored, handOuts: Math.max(stored.handOuts - 1, 0), redelivered: true };
      return [moved(message, { to: sending.queues.main, delivery, sending })];
    }
  }
}

/** A parked message on its way back into its queue, as if it were new. */
export const unparked = (message: Message, queue: string, sending: Pick<Sending, 'nowMs'>): OutMessage =>
  moved(message, { to: queue, delivery: freshDelivery, sending });

function parked(message: Message, delivery: StoredDelivery, sending: Sending): OutMessage {
  const out = moved(message, { to: sending.parking, delivery, sending });
  const headers = {
    ...(out.properties.headers as object),
    'x-keelson-parked-id': randomUUID(),
    'x-keelson-parked-at': Math.round(sending.nowMs),
    'x-keelson-home': sending.queues.main,
  };
  return { ...out, properties: { ...out.properties, headers } };
}

/** The same message for another queue: what its sender said, and what is known of its delivery. */
function moved(
  message: Message,
  { to, delivery, sending }: { to: string; delivery: StoredDelivery; sending: Pick<Sending, 'nowMs'> },
): OutMessage {
  const { contentType, contentEncoding, messageId, type, timestamp, correlationId } = message.properties as Properties;
  const given = Object.entries((message.properties.headers ?? {}) as Record<string, unknown>);
  const before = headersOf(message);
  const headers = {
    ...Object.fromEntries(given.filter(([name]) => !isDeliveryHeader(name))),
    ...headersFor(delivery),
    'x-keelson-key': before['x-keelson-key'] || message.fields.routingKey,
    [publishedAtHeader]:
      before[publishedAtHeader] ?? (timestamp === undefined ? Math.round(sending.nowMs) : timestamp * 1_000),
  };
  const properties = { contentType, contentEncoding, messageId, type, timestamp, correlationId, headers };
  return {
    exchange: '',
    key: to,
    body: message.content,
    mandatory: true,
    properties: properties as OutMessage['properties'],
  };
}

type Properties = Partial<
  Record<'contentType' | 'contentEncoding' | 'messageId' | 'type' | 'correlationId', string>
> & {
  timestamp?: number;
};

/** The wait queue of a wait; waits differ by their length. */
function waitQueue({ lane, delayMs }: Extract<Answer, { kind: 'wait' }>, { queues, waits }: Sending): string {
  if (lane === 'again') {
    const name = delays.find((delay) => waits.againMs[delay] === delayMs) ?? '10m';
    return queues.again[name];
  }
  const index = waits.retryMs.findIndex((waitMs) => waitMs === delayMs);
  return queues.retry[retryNames[index] ?? '10m'];
}
