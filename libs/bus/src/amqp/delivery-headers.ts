import type { ConsumeMessage, Message } from 'amqplib';
import { z } from 'zod';
import type { ParkReason } from '../bus';
import type { StoredDelivery } from '../stored-delivery';
import { publishedAtHeader } from './message';

/** A queue's error texts may be long; a header is for a person who looks. */
const errorBytesAtMost = 1024;

/** What is missing, as most are, must not be a fault that is caught: making one takes longer than all else. */
const count = z.int().min(0).default(0).catch(0);
const text = z.string().default('').catch('');

/** What the headers of a message say of its delivery. Anybody may have written them: what makes no sense counts as not there. */
const deliveryHeaders = z.object({
  'x-keelson-failures': count,
  'x-keelson-agains': count,
  'x-keelson-again-spent-ms': z.number().min(0).default(0).catch(0),
  'x-keelson-hand-outs': count,
  'x-keelson-redelivered': z.boolean().default(false).catch(false),
  'x-keelson-reason': z.enum(['terminal', 'retries-exhausted', 'expired', 'crash-loop']).optional().catch(undefined),
  'x-keelson-error': text,
  'x-keelson-park-tries': count,
  'x-keelson-key': text,
  [publishedAtHeader]: z.number().optional().catch(undefined),
  /** The broker's own, on quorum queues: returns; from 4.x on hand-outs are told apart from failures. */
  'x-delivery-count': count,
  'x-acquired-count': count,
});
export type DeliveryHeaders = z.infer<typeof deliveryHeaders>;

/** Each message's headers are asked for several times on its way, and parsed once. */
const parsed = new WeakMap<Message, DeliveryHeaders>();

export function headersOf(message: Message): DeliveryHeaders {
  const known = parsed.get(message) ?? deliveryHeaders.parse(message.properties.headers ?? {});
  parsed.set(message, known);
  return known;
}

/** What is known of a delivery by its message. */
export function storedDeliveryOf(message: Message): StoredDelivery {
  const headers = headersOf(message);
  const reason = headers['x-keelson-reason'];
  const unanswered = Math.max(headers['x-delivery-count'], headers['x-acquired-count']);
  return {
    failures: headers['x-keelson-failures'],
    agains: headers['x-keelson-agains'],
    againSpentMs: headers['x-keelson-again-spent-ms'],
    handOuts: headers['x-keelson-hand-outs'] + unanswered + 1,
    redelivered: message.fields.redelivered || headers['x-keelson-redelivered'],
    ...(reason === undefined ? {} : { parking: parkingOf(reason, headers) }),
  };
}

const parkingOf = (code: ParkReason['code'], headers: DeliveryHeaders) => ({
  reason: { code, error: headers['x-keelson-error'] },
  tries: headers['x-keelson-park-tries'],
});

/** The headers for a delivery that goes into another queue. Counts that the broker keeps begin anew there. */
export function headersFor(delivery: StoredDelivery): Record<string, string | number | boolean> {
  const { failures, agains, againSpentMs, handOuts, redelivered, parking } = delivery;
  return {
    'x-keelson-failures': failures,
    'x-keelson-agains': agains,
    'x-keelson-again-spent-ms': Math.round(againSpentMs),
    'x-keelson-hand-outs': handOuts,
    'x-keelson-redelivered': redelivered,
    ...(parking
      ? {
          'x-keelson-reason': parking.reason.code,
          'x-keelson-error': cut(parking.reason.error),
          'x-keelson-park-tries': parking.tries,
        }
      : {}),
  };
}

/** At most so many bytes, and no half of a character. */
function cut(error: string): string {
  const bytes = Buffer.from(error);
  if (bytes.byteLength <= errorBytesAtMost) return error;
  return bytes
    .subarray(0, errorBytesAtMost)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}

/**
 * Headers that belong to a delivery, not to what its sender said: counts, and queues to copy the message to, which a sender may name for its own exchange
 * only. https://www.rabbitmq.com/docs/sender-selected
 */
export const isDeliveryHeader = (name: string): boolean =>
  /^(x-keelson-|x-(first-|last-)?death|x-delivery-count$|x-acquired-count$|x-opt-|B?CC$)/.test(name);

/** The same message without what its sender said in headers. */
export function withoutForeignHeaders(message: ConsumeMessage): ConsumeMessage {
  const given = Object.entries((message.properties.headers ?? {}) as Record<string, unknown>);
  const headers = Object.fromEntries(given.filter(([name]) => isDeliveryHeader(name)));
  return { ...message, properties: { ...message.properties, headers } };
}
