import type { Channel } from 'amqplib';
import { BusUnavailableError } from '../bus';
import type { QueueState } from '../bus';
import type { AmqpParts } from './amqp-parts';
import type { ApiQueue } from './management-api';
import { closeChannel } from './session';

type Count = { messages: number; consumers: number };

/** One service's queues. Counts are the broker's own of this moment; what is in work it tells by its management API only, some seconds late. */
export async function queueStateOf(
  parts: AmqpParts,
  service: string,
  api: readonly ApiQueue[] | undefined,
): Promise<QueueState | undefined> {
  const queues = parts.names.of(service);
  const [main, parked, dead, ...waits] = await countsOf(parts, [
    queues.main,
    queues.parking,
    queues.dlq,
    ...Object.values(queues.again),
    ...Object.values(queues.retry),
  ]);
  if (!main && !parked) return undefined;
  const againQueues = Object.keys(queues.again).length;
  return {
    service,
    ready: messagesIn([main]),
    ...(api === undefined ? {} : { inWork: unacknowledgedIn(api, queues.main) }),
    again: messagesIn(waits.slice(0, againQueues)),
    retry: messagesIn(waits.slice(againQueues)),
    parked: messagesIn([parked]),
    dead: messagesIn([dead]),
    consumers: main?.consumers ?? 0,
  };
}

const unacknowledgedIn = (api: readonly ApiQueue[], queue: string): number =>
  api.find(({ name }) => name === queue)?.messages_unacknowledged ?? 0;

const messagesIn = (counts: readonly (Count | undefined)[]): number =>
  counts.reduce((sum, count) => sum + (count?.messages ?? 0), 0);

/** Asks for each queue; undefined for one that is not there. */
async function countsOf({ link, closing }: AmqpParts, queues: readonly string[]): Promise<(Count | undefined)[]> {
  const model = await link.ready(closing.signal, AbortSignal.timeout(10_000));
  const counts: (Count | undefined)[] = [];
  let channel: Channel | undefined;
  let isMissing = false;
  for (const queue of queues) {
    try {
      if (!channel) {
        channel = await model.createChannel();
        channel.on('error', (error: Error & { code?: number }) => (isMissing = error.code === 404));
        channel.on('close', () => (channel = undefined));
      }
      const { messageCount, consumerCount } = await channel.checkQueue(queue);
      counts.push({ messages: messageCount, consumers: consumerCount });
    } catch (cause) {
      if (!isMissing) throw new BusUnavailableError(`${queue} cannot be asked for: ${String(cause)}`, { cause });
      isMissing = false;
      channel = undefined;
      counts.push(undefined);
    }
  }
  if (channel) await closeChannel(channel);
  return counts;
}
