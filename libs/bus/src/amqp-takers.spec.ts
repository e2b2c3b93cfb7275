import { eventTypes } from '@keelson/events';
import { emit } from '@keelson/stage';
import { amqpHarness } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import { changeMerged, consuming, Recorder, runCancelled, sampleEvent, shortTimes } from './bus-harness.contract';
import { describeOnBrokers } from './testing/on-brokers.contract';

describeOnBrokers('services that have never run,', (broker) => {
  let harness: AmqpHarness;
  const takers = { tester: [changeMerged] };
  beforeEach(async () => {
    harness = await amqpHarness(shortTimes, broker(), { takers, mandatoryTypes: [changeMerged] });
  });
  afterEach(() => harness.end());

  test('what is for one of them waits until it runs, also when somebody else has listened all the time', async () => {
    const bus = await harness.open();
    const outsider = new Recorder();
    await bus.declare('outsider', [changeMerged]);
    consuming(bus, { service: 'outsider', types: [changeMerged] }, outsider.handler);
    await bus.declare('builder', [runCancelled]);
    const builder = new Recorder(() => emit(sampleEvent('caused', changeMerged)));
    consuming(bus, { service: 'builder', types: [runCancelled] }, builder.handler);
    await bus.publish([sampleEvent('first'), sampleEvent('second', changeMerged)]);
    await outsider.untilSeen(2);
    const tester = new Recorder();
    consuming(await harness.open(), { service: 'tester', types: [changeMerged] }, tester.handler);
    await tester.untilSeen(2);
    expect(builder.seen).toHaveLength(1);
  });

  test('one that takes other types than the others believe is told so', async () => {
    const bus = await harness.open();
    const stopped = new AbortController().signal;
    const subscription = { service: 'tester', types: [changeMerged, eventTypes.buildQueued], prefetch: 1 };
    const consumed = async () => bus.consume(subscription, async () => emit(), stopped);
    await expect(consumed()).rejects.toThrow('its queue is made for');
  });
});
