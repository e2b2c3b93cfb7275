import { emit } from '@keelson/stage';
import { BusUnavailableError } from './bus';
import type { Bus } from './bus';
import {
  changeMerged,
  consuming,
  gate,
  Recorder,
  runCancelled,
  sampleEvent,
  sampleEvents,
  shortTimes,
  until,
} from './bus-harness.contract';
import type { BusHarness, MakeHarness } from './bus-harness.contract';

export function describeDelivery(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  beforeEach(async () => {
    harness = await makeHarness(shortTimes);
    bus = await harness.open();
  });
  afterEach(() => harness.end());

  test('an event reaches every service that takes its type, and no other', async () => {
    await harness.declare('builder', [changeMerged]);
    await harness.declare('tester', [changeMerged, runCancelled]);
    await harness.declare('poller', [runCancelled]);
    await bus.publish([sampleEvent('a', changeMerged), sampleEvent('b', runCancelled)]);
    const [builder, tester, poller] = [new Recorder(), new Recorder(), new Recorder()];
    consuming(bus, { service: 'builder', types: [changeMerged] }, builder.handler);
    consuming(bus, { service: 'tester', types: [changeMerged, runCancelled] }, tester.handler);
    consuming(bus, { service: 'poller', types: [runCancelled] }, poller.handler);
    await Promise.all([builder.untilSeen(1), tester.untilSeen(2), poller.untilSeen(1)]);
    expect([builder.subjects, tester.subjects, poller.subjects]).toEqual([['a'], ['a', 'b'], ['b']]);
  });

  test('what is published while a service is down waits for it', async () => {
    const first = new Recorder();
    const consumer = consuming(bus, {}, first.handler);
    await until('the service consumes', async () => (await bus.queues())[0]?.consumers === 1);
    await consumer.stop();
    await bus.publish(sampleEvents('a', 'b'));
    const second = new Recorder();
    consuming(bus, {}, second.handler);
    await second.untilSeen(2);
    expect(first.subjects).toEqual([]);
    expect(second.subjects).toEqual(['a', 'b']);
  });

  test('the handler gets the event as it was published, and when', async () => {
    await harness.declare('builder', [changeMerged]);
    const beforeMs = Date.now();
    await bus.publish([sampleEvent('a', changeMerged)]);
    let got: unknown;
    const recorder = new Recorder();
    consuming(bus, { types: [changeMerged] }, (event, delivery, signal) => {
      got = event;
      return recorder.handler(event, delivery, signal);
    });
    await recorder.untilSeen(1);
    expect(got).toEqual(sampleEvent('a', changeMerged));
    expect(recorder.seen[0]?.delivery).toMatchObject({ failures: 0, agains: 0, redelivered: false });
    expect(Math.abs((recorder.seen[0]?.delivery.publishedAtMs ?? 0) - beforeMs)).toBeLessThan(60_000);
  });

  test('one at a time, deliveries come in the order of publishing', async () => {
    await harness.declare('builder', [runCancelled]);
    const names = Array.from({ length: 50 }, (_, index) => `event-${index}`);
    await bus.publish(sampleEvents(...names.slice(0, 30)));
    await bus.publish(sampleEvents(...names.slice(30)));
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(50);
    expect(recorder.subjects).toEqual(names);
  });

  test('events published at the same time all arrive', async () => {
    await harness.declare('builder', [runCancelled]);
    const names = Array.from({ length: 100 }, (_, index) => `event-${index}`);
    await Promise.all(names.map((name) => bus.publish([sampleEvent(name)])));
    const recorder = new Recorder();
    consuming(bus, { prefetch: 10 }, recorder.handler);
    await recorder.untilSeen(100);
    expect([...recorder.subjects].sort()).toEqual([...names].sort());
  });

  test('as many deliveries are in work at once as the prefetch says, and never more', async () => {
    await harness.declare('builder', [runCancelled]);
    await bus.publish(sampleEvents('a', 'b', 'c', 'd', 'e', 'f', 'g'));
    const go = gate();
    const recorder = new Recorder(() => go.opened.then(() => emit()));
    consuming(bus, { prefetch: 3 }, recorder.handler);
    await until('three are in work', () => recorder.inWork === 3);
    go.open();
    await recorder.untilSeen(7);
    expect(recorder.mostInWork).toBe(3);
  });

  test('two workers of one service share its queue, and no delivery is done by both', async () => {
    await harness.declare('builder', [runCancelled]);
    const other = await harness.open();
    const names = Array.from({ length: 40 }, (_, index) => `event-${index}`);
    const both = gate();
    const workers = [bus, other].map((one) => {
      const recorder = new Recorder(() => both.opened.then(() => emit()));
      consuming(one, { prefetch: 2 }, recorder.handler);
      return recorder;
    });
    await bus.publish(sampleEvents(...names));
    await until('both are at work', () => workers.every((worker) => worker.inWork > 0));
    both.open();
    const done = () => workers.flatMap((worker) => worker.subjects);
    await until('all are done', () => done().length >= 40);
    expect(done().sort()).toEqual([...names].sort());
  });

  test('the events of an outcome are published', async () => {
    await harness.declare('builder', [changeMerged]);
    await harness.declare('tester', [runCancelled]);
    const tester = new Recorder();
    consuming(bus, { types: [changeMerged] }, async () => emit(...sampleEvents('caused', 'too')));
    consuming(bus, { service: 'tester' }, tester.handler);
    await bus.publish([sampleEvent('cause', changeMerged)]);
    await tester.untilSeen(2);
    expect(tester.subjects).toEqual(['caused', 'too']);
  });

  test('an event published twice is seen twice, with the same id', async () => {
    await harness.declare('builder', [runCancelled]);
    await bus.publish([sampleEvent('a')]);
    await bus.publish([sampleEvent('a')]);
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(2);
    expect(recorder.seen.map((one) => one.id)).toEqual([sampleEvent('a').id, sampleEvent('a').id]);
  });

  test('a handler that ends although it was told to stop is acknowledged', async () => {
    await harness.declare('builder', [runCancelled]);
    await bus.publish(sampleEvents('a'));
    const go = gate();
    const recorder = new Recorder(() => go.opened.then(() => emit(sampleEvent('b', changeMerged))));
    const consumer = consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(1);
    const stopped = consumer.stop();
    go.open();
    await stopped;
    await until('the queue is empty', async () => (await bus.queues()).every((queue) => queue.ready === 0));
    const after = new Recorder();
    consuming(bus, {}, after.handler);
    await bus.publish(sampleEvents('c'));
    await after.untilSeen(1);
    expect(after.subjects).toEqual(['c']);
  });

  test('a handler that throws because it was told to stop gives its delivery back, with no failure counted', async () => {
    await harness.declare('builder', [runCancelled]);
    await bus.publish(sampleEvents('a'));
    const recorder = new Recorder(
      (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('cut')))),
    );
    const consumer = consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(1);
    await consumer.stop();
    const after = new Recorder();
    consuming(bus, {}, after.handler);
    await after.untilSeen(1);
    expect(after.seen[0]).toMatchObject({ subject: 'a', delivery: { failures: 0, redelivered: true } });
  });

  test('the state of the queues tells what waits, and who consumes', async () => {
    await harness.declare('builder', [runCancelled]);
    await harness.declare('tester', [changeMerged]);
    await bus.publish(sampleEvents('a', 'b'));
    const stateOf = async (service: string) => (await bus.queues()).find((queue) => queue.service === service);
    await until('both are ready', async () => (await stateOf('builder'))?.ready === 2);
    expect(await stateOf('tester')).toMatchObject({ ready: 0, parked: 0, consumers: 0 });
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    await until('it is consumed', async () => {
      const state = await stateOf('builder');
      return state?.consumers === 1 && state.ready === 0;
    });
  });

  test('closing ends consumers, may be done twice, and nothing is published afterwards', async () => {
    const recorder = new Recorder();
    const stopping = new AbortController();
    const consumed = bus.consume(
      { service: 'builder', types: [runCancelled], prefetch: 1 },
      recorder.handler,
      stopping.signal,
    );
    await Promise.all([bus.close(), bus.close()]);
    await consumed;
    await bus.close();
    await expect(bus.publish(sampleEvents('late'))).rejects.toBeInstanceOf(BusUnavailableError);
  });
}
