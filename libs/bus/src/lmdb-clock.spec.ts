import type { Outcome } from '@keelson/stage';
import { again, emit } from '@keelson/stage';
import { consuming, Recorder, runCancelled, sampleEvents, shortTimes } from './bus-harness.contract';
import type { BusTimes } from './bus-harness.contract';
import { lmdbHarness } from './lmdb-harness.contract';
import type { LmdbHarness } from './lmdb-harness.contract';

const hourMs = 3_600_000;
let jumpMs = 0;
let crashedMs = 0;
let harness: LmdbHarness;
const start = async (times: BusTimes) => {
  jumpMs = 0;
  harness = await lmdbHarness(times, { clock: () => Date.now() + jumpMs });
  const bus = await harness.open();
  await bus.declare('builder', [runCancelled]);
  await bus.publish(sampleEvents('a'));
  return bus;
};
afterEach(() => harness.end());

const waitOnce = (nth: number): Outcome => (nth === 1 ? again('10m', 'busy') : emit());

/** Hands the event out once, so that it waits, then crashes with a clock that has jumped by then. */
const crashWaiting = async (byMs: number) => {
  const bus = await harness.open();
  const recorder = new Recorder(waitOnce);
  const consumer = consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
  await consumer.stop();
  jumpMs = byMs;
  await harness.crash();
  crashedMs = performance.now();
  return harness.open();
};

test('a clock that is set back does not make a running wait longer', async () => {
  const bus = await start(shortTimes);
  const recorder = new Recorder((nth) => {
    jumpMs = -hourMs;
    return waitOnce(nth);
  });
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(2);
});

test('a clock that is set forward does not end a running wait', async () => {
  const bus = await start({ ...shortTimes, againMs: { ...shortTimes.againMs, '10m': 150 } });
  const atMs: number[] = [];
  const recorder = new Recorder((nth) => {
    atMs.push(performance.now());
    jumpMs = hourMs;
    return waitOnce(nth);
  });
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
  await bus.publish(sampleEvents('b')); // another reason to look at what is due
  await recorder.untilSeen(3);
  const back = recorder.subjects.lastIndexOf('a');
  expect(atMs[back]! - atMs[0]!).toBeGreaterThanOrEqual(148);
});

test('after a restart with the clock set back, a wait is no longer than it was meant to be', async () => {
  await start(shortTimes);
  const bus = await crashWaiting(-hourMs);
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
  expect(recorder.seen[0]?.delivery.agains).toBe(1);
});

test('after a restart with the clock set back, a wait is still waited for', async () => {
  await start({ ...shortTimes, againMs: { ...shortTimes.againMs, '10m': 150 } });
  const bus = await crashWaiting(-hourMs);
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
  expect(performance.now() - crashedMs).toBeGreaterThanOrEqual(148);
});

test('after a restart long afterwards, what was due in the meantime comes at once', async () => {
  await start({ ...shortTimes, againMs: { ...shortTimes.againMs, '10m': hourMs } });
  const bus = await crashWaiting(2 * hourMs);
  const recorder = new Recorder();
  consuming(bus, {}, recorder.handler);
  await recorder.untilSeen(1);
});
