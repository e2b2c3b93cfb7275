import type { Channel, Options } from 'amqplib';
import type { Delay } from '@keelson/stage';
import { delays } from '@keelson/stage';
import { bindingKey, retryNames } from './names';
import type { BrokerNames, QueueNames } from './names';

/** How long the wait queues hold a message, in milliseconds. */
export type Waits = { retryMs: readonly [number, number, number]; againMs: Readonly<Record<Delay, number>> };

/** As large as every broker version takes. Parked deliveries and tokens are looked at any number of times; from 4.0 on a queue forgets a message after 20. */
const unlimited = 2_000_000_000;

/** Where events go in, and where the audit's copies do: to its stream, or to the queue for what that does not take. */
export async function declareExchanges(channel: Channel, names: BrokerNames): Promise<void> {
  await channel.assertExchange(names.events, 'topic', { durable: true });
  await channel.assertExchange(names.audit, 'fanout', { durable: true });
  // One consumer is active: they are to stay in order.
  const late = quorum({ 'x-single-active-consumer': true, 'x-delivery-limit': unlimited });
  await channel.assertQueue(names.auditLate, late);
}

/** The audit's stream, by itself: while the broker has no leader for it, this closes the channel. */
export async function declareAudit(channel: Channel, names: BrokerNames): Promise<void> {
  await channel.assertQueue(names.audit, { durable: true, arguments: { 'x-queue-type': 'stream' } });
  await channel.bindQueue(names.audit, names.audit, '');
}

/**
 * A queue of no use, made after all others. Of the quorum queue that was made last RabbitMQ keeps the name in memory for about a second:
 * killed within it, it comes back with that queue empty and without a leader, whatever it had confirmed in it (rabbitmq-server issue
 * 15725; seen of 3.10 and 4.0). Making one more has the name before it written down.
 */
export const declareLast = (channel: Channel, names: BrokerNames) => channel.assertQueue(names.last, quorum({}));

/** A service's queues, and the bindings for the event types it takes. */
export async function declareService(
  channel: Channel,
  { queues, names, waits, types }: { queues: QueueNames; names: BrokerNames; waits: Waits; types: readonly string[] },
): Promise<void> {
  await declareQueues(channel, queues, waits);
  await declareLeaderQueue(channel, queues);
  for (const type of types) await channel.bindQueue(queues.main, names.events, bindingKey(type));
}

/** The inbox, which takes whatever its exchange is given under any routing key. */
export async function declareInbox(channel: Channel, names: BrokerNames, waits: Waits): Promise<void> {
  const queues = names.of('inbox');
  await channel.assertExchange(names.inbox, 'fanout', { durable: true });
  await declareQueues(channel, queues, waits);
  await channel.bindQueue(queues.main, names.inbox, '');
}

export const declareParking = (channel: Channel, queues: QueueNames) =>
  channel.assertQueue(queues.parking, quorum({ 'x-delivery-limit': unlimited }));

/** One of its consumers is active, and that one leads. */
export const declareLeaderQueue = (channel: Channel, queues: QueueNames) =>
  channel.assertQueue(queues.leader, quorum({ 'x-single-active-consumer': true, 'x-delivery-limit': unlimited }));

async function declareQueues(channel: Channel, queues: QueueNames, { retryMs, againMs }: Waits): Promise<void> {
  await channel.assertQueue(queues.dlq, quorum({ 'x-delivery-limit': unlimited }));
  await declareParking(channel, queues);
  // What retrying needs is said here and not by policies: a fresh broker must retry.
  await channel.assertQueue(queues.main, quorum(deadLetteringTo(queues.dlq)));
  for (const name of delays) await declareWait(channel, queues.again[name], { to: queues.main, ttlMs: againMs[name] });
  for (const [index, name] of retryNames.entries()) {
    await declareWait(channel, queues.retry[name], { to: queues.main, ttlMs: retryMs[index] ?? 0 });
  }
}

/** One queue per time to wait: in a queue with different times the shorter waits behind the longer. */
const declareWait = (channel: Channel, queue: string, { to, ttlMs }: { to: string; ttlMs: number }) =>
  channel.assertQueue(queue, quorum({ ...deadLetteringTo(to), 'x-message-ttl': ttlMs }));

/** At least once, so that a message is not lost between two queues; the broker asks for `reject-publish` with it. */
const deadLetteringTo = (queue: string): Record<string, unknown> => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
});

const quorum = (args: Record<string, unknown>): Options.AssertQueue => ({
  durable: true,
  arguments: { 'x-queue-type': 'quorum', ...args },
});
