import { emit, TerminalError } from '@keelson/stage';
import type { Bus, ParkReason } from './bus';
import {
  auditFrom,
  changeMerged,
  consuming,
  Recorder,
  runCancelled,
  sampleEvent,
  sampleEvents,
  shortTimes,
  until,
  untilParked,
} from './bus-harness.contract';
import type { BusHarness, MakeHarness } from './bus-harness.contract';

const refuse = (): never => {
  throw new TerminalError('it can never work');
};

export function describeParking(makeHarness: MakeHarness): void {
  let harness: BusHarness;
  let bus: Bus;
  beforeEach(async () => {
    harness = await makeHarness(shortTimes);
    bus = await harness.open();
    await harness.declare('builder', [runCancelled]);
    await harness.declare('tester', [changeMerged]);
  });
  afterEach(() => harness.end());

  test('onPark is asked before parking, and its events are published', async () => {
    const tester = new Recorder();
    consuming(bus, { service: 'tester', types: [changeMerged] }, tester.handler);
    const asked: { subject: string; why: ParkReason; parkedBefore: number }[] = [];
    consuming(
      bus,
      {
        onPark: async (event, why) => {
          asked.push({ subject: event.subject, why, parkedBefore: (await bus.parked()).length });
          return [sampleEvent('ended', changeMerged)];
        },
      },
      refuse,
    );
    await bus.publish(sampleEvents('a'));
    await untilParked(bus);
    await tester.untilSeen(1);
    expect(asked).toEqual([{ subject: 'a', why: { code: 'terminal', error: 'it can never work' }, parkedBefore: 0 }]);
    expect(tester.subjects).toEqual(['ended']);
  });

  test('while onPark fails the delivery is neither parked nor lost, and the handler is not asked again', async () => {
    let asked = 0;
    const recorder = new Recorder(refuse);
    const onPark = async () => {
      asked += 1;
      expect(await bus.parked()).toEqual([]);
      if (asked < 6) throw new Error('the records are out of reach');
      return [];
    };
    consuming(bus, { onPark }, recorder.handler);
    await bus.publish(sampleEvents('a'));
    const parked = await untilParked(bus);
    expect(parked.map((one) => one.reason.code)).toEqual(['terminal']);
    expect(asked).toBe(6);
    expect(recorder.subjects).toEqual(['a']);
  });

  test('a parked delivery that is replayed comes back with its event id and no failures', async () => {
    const recorder = new Recorder((nth) => (nth === 1 ? refuse() : emit()));
    consuming(bus, {}, recorder.handler);
    await bus.publish(sampleEvents('a'));
    const [parked] = await untilParked(bus);
    expect(await bus.unpark(parked!.id, 'replay')).toBe(true);
    await recorder.untilSeen(2);
    expect(recorder.seen[1]).toMatchObject({ id: sampleEvent('a').id, delivery: { failures: 0, agains: 0 } });
    expect(await bus.parked()).toEqual([]);
    expect(await bus.unpark(parked!.id, 'replay')).toBe(false);
    // It is a delivery, not an event: nothing was published anew.
    expect((await auditFrom(bus)).map((entry) => entry.event.subject)).toEqual(['a']);
  });

  test('a parked delivery that is dropped is gone', async () => {
    const recorder = new Recorder(refuse);
    consuming(bus, {}, recorder.handler);
    await bus.publish(sampleEvents('a', 'b'));
    const [first, second] = await untilParked(bus, 2);
    expect(await bus.unpark(first!.id, 'drop')).toBe(true);
    expect(await bus.unpark(first!.id, 'drop')).toBe(false);
    expect((await untilParked(bus)).map((one) => one.id)).toEqual([second!.id]);
    expect(recorder.subjects).toEqual(['a', 'b']);
  });

  test('there is nothing to unpark under an id that was never given', async () => {
    for (const id of ['', 'builder', 'builder/999', 'nobody/0', '../../x', 'builder/-1']) {
      expect(await bus.unpark(id, 'replay')).toBe(false);
      expect(await bus.unpark(id, 'drop')).toBe(false);
    }
  });

  test('parked deliveries of all services are listed, oldest first, and counted', async () => {
    consuming(bus, {}, refuse);
    await bus.publish(sampleEvents('a'));
    await untilParked(bus, 1);
    await new Promise((resolve) => setTimeout(resolve, 2)); // the order is by time, in milliseconds
    consuming(bus, { service: 'tester', types: [changeMerged] }, refuse);
    await bus.publish([sampleEvent('b', changeMerged)]);
    const parked = await untilParked(bus, 2);
    expect(parked.map((one) => [one.service, one.event?.subject])).toEqual([
      ['builder', 'a'],
      ['tester', 'b'],
    ]);
    const counted = async (service: string) =>
      (await bus.queues()).find((queue) => queue.service === service)?.parked === 1;
    await until('both are counted', async () => (await counted('builder')) && counted('tester'));
  });
}
