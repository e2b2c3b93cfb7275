import { emit } from '@keelson/stage';
import { amqpHarness, through } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import {
  auditFrom,
  consuming,
  gate,
  changeMerged,
  hang,
  Recorder,
  runCancelled,
  sampleEvent,
  sampleEvents,
  shortTimes,
  until,
} from './bus-harness.contract';
import { BusUnavailableError } from './bus';
import { describeOnBrokers } from './testing/on-brokers.contract';

describeOnBrokers('the bus, over connections that break,', (broker) => {
  let harness: AmqpHarness;
  beforeEach(async () => {
    harness = await amqpHarness(shortTimes, broker());
  });
  afterEach(() => harness.end());

  test('a connection cut between consuming and acknowledging: the delivery comes back and is done once more', async () => {
    const bus = await harness.open();
    await harness.declare('builder', [runCancelled]);
    const recorder = new Recorder((nth, signal) => (nth === 1 ? untilTold(signal) : emit()));
    consuming(bus, {}, recorder.handler);
    await bus.publish(sampleEvents('a'));
    await recorder.untilSeen(1);
    harness.proxies[0]!.cut();
    await recorder.untilSeen(2);
    expect(recorder.seen[1]).toMatchObject({ subject: 'a', delivery: { redelivered: true, failures: 0 } });
    await bus.publish(sampleEvents('b'));
    await recorder.untilSeen(3);
    expect(await bus.parked()).toEqual([]);
    expect(harness.errors.map(String).join()).toMatch(/no connection, trying again/);
  });

  test('a connection cut between publishing and the confirm: sent again, until it is confirmed', async () => {
    const [publisher, worker] = [await harness.open(), await harness.open()];
    await worker.declare('builder', [runCancelled]);
    const recorder = new Recorder();
    consuming(worker, { prefetch: 10 }, recorder.handler);
    await publisher.publish(sampleEvents('before'));
    harness.proxies[0]!.holdReplies();
    const published = publisher.publish(sampleEvents('a', 'b'));
    await recorder.untilSeen(3); // the broker has them; we do not know
    harness.proxies[0]!.cut();
    await published;
    await recorder.untilSeen(5);
    expect(new Set(recorder.subjects)).toEqual(new Set(['before', 'a', 'b']));
  });

  test('an answer that is being confirmed when its grace is over counts, and the delivery is not given back as well', async () => {
    const bus = await harness.open({ graceMs: 1 });
    await bus.declare('builder', [runCancelled]);
    await bus.publish(sampleEvents('a'));
    const recorder = new Recorder(async (_, signal) => {
      await untilAborted(signal);
      harness.proxies[0]!.holdReplies();
      setTimeout(() => harness.proxies[0]!.set('pass'), 150);
      return emit(sampleEvent('b', changeMerged));
    });
    const consumer = consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(1);
    await consumer.stop();
    const after = new Recorder();
    consuming(bus, {}, after.handler);
    await bus.publish(sampleEvents('c'));
    await until('the next is seen', () => after.subjects.includes('c'));
    expect(after.subjects).toEqual(['c']);
  });

  test('of 300 events published while connections are cut none is lost, and none parked', async () => {
    const patient = { patienceMs: 60_000, maxRedeliveries: 100 };
    const [publisher, worker] = [await harness.open(patient), await harness.open(patient)];
    await worker.declare('builder', [runCancelled]);
    const recorder = new Recorder();
    consuming(worker, { prefetch: 10 }, recorder.handler);
    const names = Array.from({ length: 300 }, (_, index) => `event-${index}`);
    for (let from = 0; from < names.length; from += 10) {
      const published = publisher.publish(sampleEvents(...names.slice(from, from + 10)));
      if (from % 50 === 0) harness.proxies.forEach((proxy) => proxy.cut());
      await published;
    }
    await until('all are done', () => new Set(recorder.subjects).size === names.length);
    expect(await worker.parked()).toEqual([]);
    expect(new Set((await auditFrom(worker)).map(({ event }) => event.subject)).size).toBe(names.length);
  });

  test('a broker that is away: what is published says so in time, and works when it is back', async () => {
    const bus = await harness.open({ patienceMs: 3_000 });
    const [proxy] = harness.proxies;
    proxy!.set('refuse');
    await expect(bus.publish(sampleEvents('a'))).rejects.toBeInstanceOf(BusUnavailableError);
    proxy!.set('pass');
    await until('it works again', () =>
      bus.publish(sampleEvents('b')).then(
        () => true,
        () => false,
      ),
    );
  });

  test('a broker that is away at the start is told after its time', async () => {
    await harness.open();
    const [proxy] = harness.proxies;
    const url = through(proxy!, harness.vhost.url());
    proxy!.set('refuse');
    await expect(harness.open({ url, patienceMs: 300 })).rejects.toThrow(/there is no connection/);
  });

  test('a leader whose process dies is followed at once', async () => {
    const [first, second] = [await harness.open(), await harness.open()];
    const terms: string[] = [];
    const stopping = new AbortController();
    const work = (name: string) => (signal: AbortSignal) => (terms.push(name), untilAborted(signal));
    const one = first.lead('watcher', work('first'), stopping.signal);
    await until('the first leads', () => terms.length === 1);
    const two = second.lead('watcher', work('second'), stopping.signal);
    await new Promise((resolve) => setTimeout(resolve, 300)); // it waits in the queue by then
    const startedMs = performance.now();
    harness.proxies[0]!.set('refuse');
    await until('the second leads', () => terms.length === 2);
    expect(performance.now() - startedMs).toBeLessThan(60_000);
    expect(terms).toEqual(['first', 'second']);
    stopping.abort();
    await Promise.all([one, two]);
  });

  test('a follower of the audit misses nothing over a cut', async () => {
    const [publisher, reader] = [await harness.open(), await harness.open()];
    const stopping = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { event } of reader.replay({ from: 0, follow: true }, stopping.signal)) seen.push(event.subject);
    })();
    await publisher.publish(sampleEvents('a'));
    await until('the first is seen', () => seen.length === 1);
    harness.proxies[1]!.cut();
    await publisher.publish(sampleEvents('b', 'c'));
    await until('the others are seen', () => seen.length === 3);
    stopping.abort();
    await following;
    expect(seen).toEqual(['a', 'b', 'c']);
  });

  test('a bus whose broker is away closes in time', async () => {
    const bus = await harness.open();
    consuming(bus, {}, hang);
    await until('it consumes', async () => (await bus.queues())[0]?.consumers === 1);
    harness.proxies[0]!.set('refuse');
    await bus.close();
  });

  test('a handler that is told to end because its connection is gone counts for nothing, whatever it answers', async () => {
    const bus = await harness.open();
    await harness.declare('builder', [runCancelled]);
    const go = gate();
    const recorder = new Recorder((nth) => (nth === 1 ? go.opened.then(() => emit(sampleEvent('late'))) : emit()));
    consuming(bus, {}, recorder.handler);
    await bus.publish(sampleEvents('a'));
    await recorder.untilSeen(1);
    harness.proxies[0]!.cut();
    await recorder.untilSeen(2);
    go.open();
    await bus.publish(sampleEvents('b'));
    await recorder.untilSeen(3);
    expect(recorder.subjects).toEqual(['a', 'a', 'b']);
  });
});

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });

async function untilTold(signal: AbortSignal): Promise<never> {
  await untilAborted(signal);
  throw new Error('told to end');
}
