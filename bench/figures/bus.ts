import { connect } from 'amqplib';
import { AmqpBus } from '@keelson/bus';
import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import type { Event } from '@keelson/events';
import { emit } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { programPath } from '../../testbed/programs';
import { startPrivateRabbitmq } from '../../testbed/private-rabbitmq';
import type { Figure, Workplace } from '../figure';
import { median, quantile } from '../statistics';

const hops = 1_000;
const waiting = 1_000;
const rounds = 7;
const prefetch = 100;

export const bus: Figure = {
  name: 'bus',
  title: 'events through a RabbitMQ of its own, one node, quorum queues',
  limitSeconds: 140,
  async measure(place) {
    try {
      programPath('rabbitmq');
    } catch (error) {
      return { skipped: (error as Error).message };
    }
    place.tell('starting RabbitMQ');
    const broker = await startPrivateRabbitmq();
    place.defer(() => broker.close());
    const [publisher, worker] = [await openBus(place, broker.amqp), await openBus(place, broker.amqp)];
    place.tell('one event at a time');
    const hopMs = await hopTimes(publisher, worker);
    const bareMs = await bareHopTimes(broker.amqp);
    place.tell('1,000 events that wait');
    const trivial = await drainRates({ publisher, worker, service: 'trivial' }, () => emit());
    const telling = await drainRates({ publisher, worker, service: 'telling' }, () => emit(sampleEvent('told', told)));
    return {
      measures: [
        { name: 'publish to handler, p50', value: quantile(hopMs, 0.5), unit: 'ms', aim: { atMost: 2 } },
        { name: 'publish to handler, p99', value: quantile(hopMs, 0.99), unit: 'ms' },
        { name: 'the same by a bare client, p50', value: quantile(bareMs, 0.5), unit: 'ms' },
        { name: 'ratio of the two', value: quantile(hopMs, 0.5) / quantile(bareMs, 0.5), unit: 'x' },
        { name: 'drained by a trivial stage', value: median(trivial), unit: '/s', aim: { atLeast: 2_000 } },
        { name: 'drained by a stage that tells of each', value: median(telling), unit: '/s' },
      ],
      notes: [
        `${hops} hops; ${waiting} waiting events, median of ${rounds} rounds, prefetch ${prefetch}, from the first delivery to the last`,
        'each event is confirmed by its queue and by the audit stream',
      ],
    };
  },
};

async function openBus(place: Workplace, url: string): Promise<AmqpBus> {
  const opened = await AmqpBus.open({ url, mandatoryTypes: [] });
  place.defer(() => opened.close());
  return opened;
}

const { runCancelled: asked, runRetried: told } = eventTypes;
const run = newRunId();

function sampleEvent(subjectId: string, type: typeof asked | typeof told): Event {
  const parts = { work: { run, attempt: 1, stage: 'source' }, service: 'bench', subjectId } as const;
  const time = '2026-01-02T03:04:05Z';
  if (type === asked) return composeEvent({ ...parts, type, content: {}, customData: { run }, time });
  return composeEvent({ ...parts, type, content: {}, customData: { run, attempt: 2 }, time });
}

/** From the call of publish to the call of the handler, one event after the other. */
async function hopTimes(publisher: AmqpBus, worker: AmqpBus): Promise<number[]> {
  await worker.declare('hop', [asked]);
  const stopping = new AbortController();
  let arrived: (atMs: number) => void = () => undefined;
  const handler = async (): Promise<Outcome> => {
    arrived(performance.now());
    return emit();
  };
  const consumed = worker.consume({ service: 'hop', types: [asked], prefetch }, handler, stopping.signal);
  const times: number[] = [];
  for (let count = 0; count < hops + 50; count += 1) {
    const arrival = new Promise<number>((resolve) => (arrived = resolve));
    const startedMs = performance.now();
    const published = publisher.publish([sampleEvent(`event-${count}`, asked)]);
    times.push((await arrival) - startedMs);
    await published;
  }
  stopping.abort();
  await consumed;
  return times.slice(50);
}

/** What the broker and the client take by themselves: one confirmed message after the other through one quorum queue. */
async function bareHopTimes(url: string): Promise<number[]> {
  const connection = await connect(url, { noDelay: true });
  const [out, back] = [await connection.createConfirmChannel(), await connection.createChannel()];
  await out.assertQueue('bare', { arguments: { 'x-queue-type': 'quorum' } });
  let arrived: (atMs: number) => void = () => undefined;
  await back.consume('bare', (message) => {
    arrived(performance.now());
    if (message) back.ack(message);
  });
  const body = Buffer.from(JSON.stringify(sampleEvent('bare', asked)));
  const times: number[] = [];
  for (let count = 0; count < hops; count += 1) {
    const arrival = new Promise<number>((resolve) => (arrived = resolve));
    const startedMs = performance.now();
    out.sendToQueue('bare', body, { persistent: true });
    times.push((await arrival) - startedMs);
    await out.waitForConfirms();
  }
  await connection.close();
  return times;
}

type Drain = { publisher: AmqpBus; worker: AmqpBus; service: string };

/** Events per second, for each round. */
async function drainRates({ publisher, worker, service }: Drain, answer: () => Outcome): Promise<number[]> {
  await worker.declare(service, [asked]);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await publisher.publish(Array.from({ length: waiting }, (_, index) => sampleEvent(`event-${index}`, asked)));
    rates.push(await drain({ worker, service }, answer));
  }
  return rates;
}

async function drain({ worker, service }: Omit<Drain, 'publisher'>, answer: () => Outcome): Promise<number> {
  const stopping = new AbortController();
  let firstMs = 0;
  let count = 0;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const handler = async (): Promise<Outcome> => {
    if (count === 0) firstMs = performance.now();
    count += 1;
    if (count === waiting) finish();
    return answer();
  };
  const consumed = worker.consume({ service, types: [asked], prefetch }, handler, stopping.signal);
  await finished;
  const rate = (waiting / (performance.now() - firstMs)) * 1_000;
  stopping.abort();
  await consumed;
  return rate;
}
