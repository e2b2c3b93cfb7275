import { createHash } from 'node:crypto';
import type { Channel, ConsumeMessage, Message } from 'amqplib';
import { parseEvent } from '@keelson/events';
import type { Event } from '@keelson/events';
import type { DeliveryTask, Taken } from '../answer-delivery';
import type { OutsideMessage } from '../bus';
import { outsideMessage } from '../outside-message';
import { headersOf, isDeliveryHeader } from './delivery-headers';
import type { QueueNames } from './names';

/** One kind of delivery: where it comes from, what it carries, what is done with it. */
export type DeliveryKind<T> = {
  queues: QueueNames;
  /** Where it is parked: with its owner, which for the inbox is the service that takes it in. */
  parking: string;
  task: DeliveryTask<T>;
  declare: (channel: Channel) => Promise<unknown>;
  /** @throws when it is nothing that this version can read */
  read: (message: ConsumeMessage) => Omit<Taken<T>, 'stored'>;
};

/** The event in a message. @throws MalformedEventError or SyntaxError */
export function readEvent(message: Message): { content: Event; publishedAtMs: number } {
  return { content: parseEvent(JSON.parse(message.content.toString('utf8'))), publishedAtMs: sentAtMs(message) };
}

/** A message from outside as it came: without what the broker and this bus wrote on it. */
export function readOutsideMessage(
  message: Message,
  nowMs: number,
): { content: OutsideMessage; publishedAtMs: number } {
  const receivedAtMs = headersOf(message)['x-keelson-published-at'] ?? nowMs;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.properties.headers ?? {})) {
    if (!isDeliveryHeader(name)) headers[name] = textOf(value);
  }
  const contentType: unknown = message.properties.contentType;
  const type = typeof contentType === 'string' ? { contentType } : {};
  return {
    content: outsideMessage({ ...type, headers, body: message.content }, receivedAtMs),
    publishedAtMs: receivedAtMs,
  };
}

/** Headers are of any type at the broker, and text with us. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('utf8');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** To the millisecond where we wrote it, else to the second. */
function sentAtMs(message: Message): number {
  const { timestamp } = message.properties as { timestamp?: number };
  return headersOf(message)['x-keelson-published-at'] ?? (timestamp ?? 0) * 1_000;
}

/** Names a parked message that does not bring a name, because somebody else put it there. */
export const contentName = (message: Message): string =>
  createHash('sha256').update(message.content).digest('hex').slice(0, 32);
