import { again, emit, TerminalError } from '@keelson/stage';
import type { QueueState } from './bus';
import {
  auditFrom,
  changeMerged,
  consuming,
  gate,
  hang,
  Recorder,
  runCancelled,
  sampleEvent,
  sampleEvents,
  shortTimes,
  until,
  untilParked,
} from './bus-harness.contract';
import type { BusTimes } from './bus-harness.contract';
import { lmdbHarness } from './lmdb-harness.contract';
import type { LmdbHarness } from './lmdb-harness.contract';
import type { LmdbBus } from './lmdb-bus';
import type { LmdbBusOptions } from './lmdb-options';

let harness: LmdbHarness;
let bus: LmdbBus;
const start = async (times: BusTimes = shortTimes, options: Partial<LmdbBusOptions> = {}) => {
  harness = await lmdbHarness(times, options);
  bus = await harness.open();
  await bus.declare('builder', [runCancelled]);
};
afterEach(() => harness.end());

const builder = async (): Promise<QueueState> => {
  const found = (await bus.queues()).find((queue) => queue.service === 'builder');
  if (!found) throw new Error('no builder');
  return found;
};

test('what a service takes is what was declared last; a consumer may take more', async () => {
  await start();
  await bus.declare('builder', [changeMerged]);
  await bus.publish([sampleEvent('a', runCancelled), sampleEvent('b', changeMerged)]);
  const recorder = new Recorder();
  const consumer = consuming(bus, { types: [runCancelled] }, recorder.handler);
  await recorder.untilSeen(1);
  await bus.publish([sampleEvent('c', runCancelled), sampleEvent('d', changeMerged)]);
  await recorder.untilSeen(3);
  await consumer.stop();
  expect(recorder.subjects).toEqual(['b', 'c', 'd']);
});

test('a service name that could not be a queue is refused', async () => {
  await start();
  await expect(bus.declare('../builder', [])).rejects.toBeInstanceOf(RangeError);
  await expect(consuming(bus, { prefetch: 0 }, hang).stop()).rejects.toBeInstanceOf(RangeError);
});

test('the queue tells what is in work, and what waits for which reason', async () => {
  await start({ ...shortTimes, retryMs: [60_000, 60_000, 60_000], againMs: { ...shortTimes.againMs, '10m': 60_000 } });
  await bus.publish(sampleEvents('a', 'b', 'c', 'd', 'e'));
  const recorder = new Recorder((nth) => {
    if (nth === 1) throw new Error('broken');
    return nth === 2 ? again('10m', 'busy') : hang();
  });
  consuming(bus, { prefetch: 2 }, recorder.handler);
  await recorder.untilSeen(4);
  expect(await builder()).toMatchObject({ ready: 1, inWork: 2, again: 1, retry: 1, parked: 0, consumers: 1 });
});

test('the queues tell how long the oldest waits, events and messages from outside', async () => {
  await start();
  expect(await builder()).not.toHaveProperty('oldestMs');
  await bus.publish(sampleEvents('a'));
  await bus.offer({ headers: {}, body: Buffer.from('b') });
  await new Promise((resolve) => setTimeout(resolve, 2));
  const ages = (await bus.queues()).map((queue) => queue.oldestMs);
  expect(ages).toEqual([expect.any(Number), expect.any(Number)]);
  expect(Math.min(...(ages as number[]))).toBeGreaterThan(0);
});

test('a handler that does not heed its signal does not hold up the end, and its late answer counts for nothing', async () => {
  await start();
  await bus.publish(sampleEvents('a'));
  const go = gate();
  const slow = new Recorder(() => go.opened.then(() => emit(sampleEvent('late', changeMerged))));
  const consumer = consuming(bus, {}, slow.handler);
  await slow.untilSeen(1);
  await consumer.stop();
  expect(await builder()).toMatchObject({ ready: 1, inWork: 0, consumers: 0 });
  const after = new Recorder();
  consuming(bus, {}, after.handler);
  await after.untilSeen(1);
  expect(after.seen[0]?.delivery).toMatchObject({ redelivered: true, failures: 0 });
  go.open();
  await until('the late answer is in', () => slow.inWork === 0);
  await bus.publish(sampleEvents('b'));
  await after.untilSeen(2);
  expect((await auditFrom(bus)).map((entry) => entry.event.subject)).toEqual(['a', 'b']);
});

test('giving back in order is no crash, however often it happens', async () => {
  await start();
  await bus.publish(sampleEvents('a'));
  for (let times = 0; times < shortTimes.maxRedeliveries + 3; times += 1) {
    const recorder = new Recorder(hang);
    const consumer = consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(1);
    await consumer.stop();
  }
  expect(await bus.parked()).toEqual([]);
});

test('of a long queue only what is in work is taken from the disk', async () => {
  await start();
  const one = sampleEvent('one');
  await bus.publish(Array.from({ length: 10_000 }, (_, index) => ({ ...one, subject: `event-${index}` })));
  const go = gate();
  const recorder = new Recorder(() => go.opened.then(() => emit()));
  consuming(bus, { prefetch: 20 }, recorder.handler);
  await until('the places are filled', async () => (await builder()).inWork === 20);
  expect(await builder()).toMatchObject({ ready: 9_980 });
  go.open();
  await recorder.untilSeen(100);
});

test('the audit forgets what is past its retention, and keeps what a delivery still needs', async () => {
  let nowMs = 1_000_000;
  await start(shortTimes, { clock: () => nowMs, auditRetentionMs: 60_000 });
  await bus.publish([sampleEvent('needed', runCancelled)]);
  await bus.publish(Array.from({ length: 255 }, (_, index) => sampleEvent(`old-${index}`, changeMerged)));
  expect(await auditFrom(bus)).toHaveLength(256);
  nowMs += 120_000;
  await bus.publish(Array.from({ length: 256 }, (_, index) => sampleEvent(`new-${index}`, changeMerged)));
  const left = await auditFrom(bus);
  expect(left).toHaveLength(257);
  expect(left.slice(0, 2).map((entry) => entry.event.subject)).toEqual(['needed', 'new-0']);
  expect(left[1]?.offset).toBe(256);
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
});

test('the audit forgets an event once no delivery needs it, done or dropped', async () => {
  let nowMs = 1_000_000;
  await start(shortTimes, { clock: () => nowMs, auditRetentionMs: 60_000 });
  await bus.publish(sampleEvents('done', 'dropped'));
  const recorder = new Recorder((nth) => {
    if (nth === 1) return emit();
    throw new TerminalError('never');
  });
  consuming(bus, {}, recorder.handler);
  const [parked] = await untilParked(bus);
  await bus.unpark(parked!.id, 'drop');
  nowMs += 120_000;
  await bus.publish(Array.from({ length: 254 }, (_, index) => sampleEvent(`new-${index}`, changeMerged)));
  expect((await auditFrom(bus))[0]?.event.subject).toBe('new-0');
});

test('an event that several services take is kept until the last is done with it', async () => {
  let nowMs = 1_000_000;
  await start(shortTimes, { clock: () => nowMs, auditRetentionMs: 60_000 });
  await bus.declare('tester', [runCancelled]);
  await bus.publish(sampleEvents('shared'));
  consuming(bus, {}, async () => emit());
  await until('the first is done', async () => ((await builder()).inWork ?? 0) + (await builder()).ready === 0);
  nowMs += 120_000;
  await bus.publish(Array.from({ length: 255 }, (_, index) => sampleEvent(`new-${index}`, changeMerged)));
  expect((await auditFrom(bus))[0]?.event.subject).toBe('shared');
  const tester = new Recorder();
  consuming(bus, { service: 'tester' }, tester.handler);
  await tester.untilSeen(1);
});

test("a leader's failure and an onPark that throws are told to onError", async () => {
  await start();
  const stopping = new AbortController();
  const ended = bus.lead('watcher', () => Promise.reject(new Error('no inotify left')), stopping.signal);
  await until('the leader failed', () => harness.errors.some((error) => error.message.includes('no inotify left')));
  stopping.abort();
  await ended;
  await bus.publish(sampleEvents('a'));
  const broken = () => Promise.reject(new Error('broken'));
  const onPark = () => Promise.reject(new Error('the records are out of reach'));
  consuming(bus, { onPark }, broken);
  await until('onPark failed', () => harness.errors.some((error) => error.message.includes('out of reach')));
  expect(await bus.parked()).toEqual([]);
});

test('while the bus closes, a consumer that is about to end can still publish', async () => {
  await start();
  await bus.publish(sampleEvents('a'));
  const recorder = new Recorder(async (_, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await bus.publish([sampleEvent('told at the end', changeMerged)]);
    return emit();
  });
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
  await bus.close();
  await harness.crash();
  const next = await harness.open();
  expect((await auditFrom(next)).map((entry) => entry.event.subject)).toEqual(['a', 'told at the end']);
  expect(await next.queues()).toMatchObject([{ service: 'builder', ready: 0 }]);
});

test('an answer in the same turn in which its grace is over counts, and the delivery is not given back as well', async () => {
  await start();
  await bus.publish(sampleEvents('a'));
  const recorder = new Recorder(async (_, signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    const untilMs = performance.now() + 100; // twice the grace, in which nothing else gets its turn
    while (performance.now() < untilMs);
    return emit();
  });
  const consumer = consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
  await new Promise<void>((resolve) => setImmediate(() => void consumer.stop().then(resolve)));
  expect(await bus.queues()).toMatchObject([{ service: 'builder', ready: 0, inWork: 0 }]);
});
