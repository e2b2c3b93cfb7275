import { again, emit } from '@keelson/stage';
import type { Bus } from './bus';
import {
  auditFrom,
  consuming,
  hang,
  Recorder,
  runCancelled,
  sampleEvents,
  shortTimes,
  untilParked,
} from './bus-harness.contract';
import type { BusHarness, MakeHarness } from './bus-harness.contract';

export function describeCrashes(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  beforeEach(async () => {
    harness = await makeHarness(shortTimes);
    bus = await harness.open();
    await harness.declare('builder', [runCancelled]);
  });
  afterEach(() => harness.end());

  const crash = async () => {
    await harness.crash();
    bus = await harness.open();
  };

  test('what was published is there after a crash', async () => {
    await bus.publish(sampleEvents('a', 'b'));
    await crash();
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(2);
    expect(recorder.subjects).toEqual(['a', 'b']);
    expect((await auditFrom(bus)).map((entry) => entry.event.subject)).toEqual(['a', 'b']);
  });

  test('a delivery that was in work comes back, and says so; one that was done does not', async () => {
    await bus.publish(sampleEvents('done', 'in work', 'untouched'));
    const before = new Recorder((nth) => (nth === 1 ? emit() : hang()));
    consuming(bus, {}, before.handler);
    await before.untilSeen(2);
    await crash();
    const after = new Recorder();
    consuming(bus, {}, after.handler);
    await after.untilSeen(2);
    expect(after.seen.map((one) => [one.subject, one.delivery.redelivered, one.delivery.failures])).toEqual([
      ['in work', true, 0],
      ['untouched', false, 0],
    ]);
  });

  test('a delivery that came back and was answered is no longer called redelivered', async () => {
    await bus.publish(sampleEvents('a'));
    const before = new Recorder(hang);
    consuming(bus, {}, before.handler);
    await before.untilSeen(1);
    await crash();
    const after = new Recorder((nth) => (nth === 1 ? again('1s', 'busy') : emit()));
    consuming(bus, {}, after.handler);
    await after.untilSeen(2);
    expect(after.seen.map((one) => one.delivery.redelivered)).toEqual([true, false]);
  });

  test('a delivery that waits comes back after a crash, with its counts', async () => {
    await bus.publish(sampleEvents('fails', 'waits'));
    const before = new Recorder((nth) => {
      if (nth === 1) throw new Error('broken');
      return nth === 2 ? again('10m', 'busy') : hang(); // the first one again
    });
    const consumer = consuming(bus, {}, before.handler);
    await before.untilSeen(2);
    await consumer.stop();
    await crash();
    const after = new Recorder();
    consuming(bus, {}, after.handler);
    await after.untilSeen(2);
    const counts = after.seen.map((one) => [one.subject, one.delivery.failures, one.delivery.agains]);
    expect(counts.sort()).toEqual([
      ['fails', 1, 0],
      ['waits', 0, 1],
    ]);
  });

  test('a delivery with which the process crashes again and again is parked', async () => {
    await bus.publish(sampleEvents('poison'));
    const handOuts = shortTimes.maxRedeliveries + 1;
    for (let crashes = 0; crashes < handOuts; crashes += 1) {
      const recorder = new Recorder(hang);
      consuming(bus, {}, recorder.handler);
      await recorder.untilSeen(1);
      await crash();
    }
    const last = new Recorder(hang);
    const asked: string[] = [];
    consuming(bus, { onPark: async (event, why) => (asked.push(`${event.subject}: ${why.code}`), []) }, last.handler);
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({ reason: { code: 'crash-loop' }, event: { subject: 'poison' } });
    expect(asked).toEqual(['poison: crash-loop']);
    expect(last.seen).toEqual([]);
  });

  test('what is parked stays parked', async () => {
    await bus.publish(sampleEvents('a'));
    consuming(bus, {}, () => Promise.reject(new Error('broken')));
    const before = await untilParked(bus);
    await crash();
    expect(await bus.parked()).toEqual(before);
    expect(await bus.unpark(before[0]!.id, 'replay')).toBe(true);
  });
}
