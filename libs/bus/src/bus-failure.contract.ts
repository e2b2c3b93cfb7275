import { again, emit, TerminalError } from '@keelson/stage';
import type { Bus } from './bus';
import {
  consuming,
  Recorder,
  runCancelled,
  sampleEvent,
  sampleEvents,
  shortTimes,
  untilParked,
} from './bus-harness.contract';
import type { BusHarness, BusTimes, MakeHarness } from './bus-harness.contract';

const broken = (): never => {
  throw new Error('the machine is broken');
};

export function describeFailures(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  const start = async (times: BusTimes = shortTimes) => {
    harness = await makeHarness(times);
    bus = await harness.open();
    await harness.declare('builder', [runCancelled]);
  };
  afterEach(() => harness.end());

  test('a handler that throws is tried again after each interval, then its delivery is parked', async () => {
    await start();
    await bus.publish(sampleEvents('a'));
    const atMs: number[] = [];
    const recorder = new Recorder(() => {
      atMs.push(performance.now());
      return broken();
    });
    consuming(bus, {}, recorder.handler);
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({
      service: 'builder',
      event: sampleEvent('a'),
      reason: { code: 'retries-exhausted', error: 'the machine is broken' },
      failures: 4,
    });
    expect(recorder.seen.map((one) => one.delivery.failures)).toEqual([0, 1, 2, 3]);
    expect(new Set(recorder.seen.map((one) => one.id)).size).toBe(1);
    const waitsMs = atMs.slice(1).map((time, index) => time - (atMs[index] ?? 0));
    // A broker counts its own milliseconds: one may be missing here.
    waitsMs.forEach((wait, index) => expect(wait).toBeGreaterThan((shortTimes.retryMs[index] ?? 0) - 2));
  });

  test('a failure does not hold up what comes behind it', async () => {
    await start({ ...shortTimes, retryMs: [60_000, 60_000, 60_000] });
    await bus.publish(sampleEvents('bad', 'good'));
    const recorder = new Recorder((nth) => (nth === 1 ? broken() : emit()));
    consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(2);
    expect(recorder.subjects).toEqual(['bad', 'good']);
  });

  test('a TerminalError parks at once', async () => {
    await start();
    await bus.publish(sampleEvents('a'));
    const recorder = new Recorder(() => {
      throw new TerminalError('no such branch');
    });
    consuming(bus, {}, recorder.handler);
    const [parked] = await untilParked(bus);
    expect(parked?.reason).toEqual({ code: 'terminal', error: 'no such branch' });
    expect(recorder.subjects).toEqual(['a']);
  });

  test('again is not a failure, however often it is answered', async () => {
    await start();
    await bus.publish(sampleEvents('a'));
    const recorder = new Recorder((nth) => (nth <= 6 ? again('1s', 'the registry is starting') : emit()));
    consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(7);
    expect(recorder.seen.map((one) => one.delivery.agains)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(recorder.seen.every((one) => one.delivery.failures === 0)).toBe(true);
    expect(await bus.parked()).toEqual([]);
  });

  test('again between failures keeps their count, and counts as an answer', async () => {
    await start();
    await bus.publish(sampleEvents('a'));
    const recorder = new Recorder((nth) => (nth % 2 === 0 ? again('10s', 'busy') : broken()));
    consuming(bus, {}, recorder.handler);
    await untilParked(bus);
    expect(recorder.seen.map((one) => one.delivery.failures)).toEqual([0, 1, 1, 2, 2, 3, 3]);
    expect(recorder.seen.some((one) => one.delivery.redelivered)).toBe(false);
  });

  test('again is bounded: past its deadline the delivery is parked as expired', async () => {
    await start({ ...shortTimes, againDeadlineMs: 1_000 });
    await bus.publish(sampleEvents('a'));
    const recorder = new Recorder(() => again('10m', 'the registry is down'));
    consuming(bus, {}, recorder.handler);
    const [parked] = await untilParked(bus);
    expect(parked?.reason.code).toBe('expired');
    expect(parked?.reason.error).toContain('the registry is down');
    expect(recorder.seen.length).toBeGreaterThan(1);
  });
}
