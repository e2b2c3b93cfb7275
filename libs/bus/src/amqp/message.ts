import type { Options } from 'amqplib';
import type { EncodedEvent } from '../encoded-event';
import type { Offered } from '../outside-message';
import type { BrokerNames } from './names';

/** A message on its way to the broker. Always persistent. */
export type OutMessage = {
  exchange: string;
  key: string;
  body: Buffer;
  /** A message that reaches no queue fails its sender. */
  mandatory: boolean;
  /** The queue that takes it where those of the exchange do not within moments; nobody waits for one that has a spare queue. */
  spare?: string;
  properties: Omit<Options.Publish, 'mandatory' | 'persistent' | 'deliveryMode'>;
};

export const publishedAtHeader = 'x-keelson-published-at';

/**
 * An event as its messages: to those who take it, and to the audit, which hangs on an exchange of its own: bound to the events'
 * exchange it would make every publish routable and hide that nobody listens.
 */
export function messagesOf(
  event: EncodedEvent,
  { names, mandatory, publishedAtMs }: { names: BrokerNames; mandatory: ReadonlySet<string>; publishedAtMs: number },
): OutMessage[] {
  const body = Buffer.from(event.json);
  const properties = {
    contentType: 'application/cloudevents+json',
    messageId: event.id,
    type: event.type,
    timestamp: Math.floor(publishedAtMs / 1_000),
    headers: { [publishedAtHeader]: publishedAtMs },
  };
  const key = event.type;
  return [
    { exchange: names.events, key, body, mandatory: mandatory.has(event.type), properties },
    { exchange: names.audit, key, body, mandatory: true, spare: names.auditLate, properties },
  ];
}

/** What an outsider would send. */
export const offeredMessage = (
  { contentType, headers, body }: Offered,
  { names, nowMs }: { names: BrokerNames; nowMs: number },
): OutMessage => ({
  exchange: names.inbox,
  key: '',
  body: Buffer.from(body),
  mandatory: true,
  properties: {
    ...(contentType === undefined ? {} : { contentType }),
    headers: { ...headers, [publishedAtHeader]: Math.round(nowMs) },
  },
});
