import { again, emit } from '@keelson/stage';
import { applyTopology, topologyPolicies } from './amqp/policies';
import { amqpHarness } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import { BusUnavailableError } from './bus';
import {
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
import { describeOnBrokers } from './testing/on-brokers.contract';
import { RawClients } from './testing/raw-clients';

describeOnBrokers('the bus, by its rules,', (broker) => {
  let harness: AmqpHarness;
  const raws = new RawClients();
  beforeEach(async () => {
    harness = await amqpHarness(shortTimes, broker());
  });
  afterEach(async () => {
    await raws.close();
    await harness.end();
  });

  const rawChannel = () => raws.channel(harness.vhost.url());
  const policy = (name: string, definition: object, pattern = '^ci\\.builder$') =>
    harness.vhost.call('PUT', `/api/policies/${harness.vhost.name}/${name}`, {
      ...{ pattern, definition },
      ...{ 'apply-to': 'queues', priority: 100 },
    });

  test('a type that must be taken, and is not, fails its publisher; a notification with no listener is no error', async () => {
    const bus = await harness.open({ mandatoryTypes: [changeMerged] });
    await expect(bus.publish([sampleEvent('a', changeMerged)])).rejects.toThrow(`nobody takes ${changeMerged}`);
    await bus.publish(sampleEvents('b'));
    await bus.declare('builder', [changeMerged]);
    await bus.publish([sampleEvent('c', changeMerged)]);
  });

  test('an outcome whose event nobody takes yet is not acknowledged, but looked at again until somebody does', async () => {
    const bus = await harness.open({ mandatoryTypes: [changeMerged] });
    await bus.declare('builder', [runCancelled]);
    const recorder = new Recorder(() => emit(sampleEvent('caused', changeMerged)));
    consuming(bus, {}, recorder.handler);
    await bus.publish(sampleEvents('a'));
    await recorder.untilSeen(3);
    expect(recorder.seen.every(({ delivery }) => delivery.failures === 0)).toBe(true);
    const tester = new Recorder();
    consuming(bus, { service: 'tester', types: [changeMerged] }, tester.handler);
    await tester.untilSeen(1);
    await until('it is done', async () => (await bus.queues()).every(({ ready, again }) => ready + again === 0));
    expect(await bus.parked()).toEqual([]);
  });

  test('a binding takes a type in every version; what this one cannot read is parked, whole', async () => {
    const bus = await harness.open();
    consuming(bus, {}, async () => emit());
    await until('it consumes', async () => (await bus.queues())[0]?.consumers === 1);
    const raw = await rawChannel();
    const newer = runCancelled.replace(/\.\d+$/, '.99');
    raw.publish('ci.events', newer, Buffer.from(`{"type":"${newer}"}`), { persistent: true });
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({ event: undefined, reason: { code: 'terminal' } });
    expect(parked?.reason.error).toMatch(/cannot be read/);
    expect(await bus.unpark(parked!.id, 'drop')).toBe(true);
  });

  test('a deleted queue cancels its consumer, which declares it again and goes on', async () => {
    const bus = await harness.open();
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    await bus.publish([]);
    const raw = await rawChannel();
    await until('it consumes', async () => (await bus.queues())[0]?.consumers === 1);
    await raw.deleteQueue('ci.builder');
    await until('it consumes again', async () => (await bus.queues())[0]?.consumers === 1);
    await bus.publish(sampleEvents('a'));
    await recorder.untilSeen(1);
    expect(harness.errors.map(String).join()).toMatch(/cancelled the consumer of ci\.builder/);
  });

  test('a deleted exchange closes the publisher’s channel, which declares it again', async () => {
    const bus = await harness.open();
    await bus.publish(sampleEvents('a'));
    await (await rawChannel()).deleteExchange('ci.events');
    await bus.publish(sampleEvents('b'));
    await (await rawChannel()).checkExchange('ci.events');
  });

  test('a wait queue that is gone delays an answer, and loses nothing', async () => {
    const bus = await harness.open();
    await bus.declare('builder', [runCancelled]);
    const raw = await rawChannel();
    const recorder = new Recorder(async (nth) => {
      if (nth > 1) return emit();
      await raw.deleteQueue('ci.builder.again.1s');
      return again('1s', 'not yet');
    });
    consuming(bus, {}, recorder.handler);
    await bus.publish(sampleEvents('a'));
    await recorder.untilSeen(2);
    expect(recorder.subjects.slice(0, 2)).toEqual(['a', 'a']);
  });

  test('a full queue refuses its publisher; nothing is dropped', async () => {
    const bus = await harness.open({ patienceMs: 3_000 });
    await bus.declare('builder', [runCancelled]);
    await policy('full', { 'max-length': 1 });
    const publishSome = async () => {
      for (let count = 0; count < 10; count += 1) await bus.publish(sampleEvents(`event-${count}`));
    };
    await expect(publishSome()).rejects.toBeInstanceOf(BusUnavailableError);
    const recorder = new Recorder();
    consuming(bus, {}, recorder.handler);
    await recorder.untilSeen(1);
    expect(recorder.subjects[0]).toBe('event-0');
  });

  test('what the broker gives up is asked about and parked as a crash loop', async () => {
    const bus = await harness.open();
    await bus.declare('builder', [runCancelled]);
    await policy('crashes', { 'delivery-limit': 1 });
    await bus.publish(sampleEvents('a'));
    const raw = await rawChannel();
    await until('the broker has given it up', async () => {
      const message = await raw.get('ci.builder');
      if (message) raw.reject(message, true); // a nack counts as no failure from 4.3 on
      return (await raw.checkQueue('ci.builder.dlq')).messageCount === 1;
    });
    const asked: string[] = [];
    const recorder = new Recorder();
    const onPark = async (event: { subject: string }, why: { code: string }) => {
      asked.push(`${event.subject}: ${why.code}`);
      if (asked.length === 1) throw new Error('the records are out of reach');
      return [];
    };
    consuming(bus, { onPark }, recorder.handler);
    const [parked] = await untilParked(bus);
    expect(parked).toMatchObject({ event: { subject: 'a' }, reason: { code: 'crash-loop' } });
    expect(asked).toEqual(['a: crash-loop', 'a: crash-loop']);
    expect(recorder.seen).toEqual([]);
  });

  test('the policies are missing until they are applied, which may be done twice', async () => {
    const bus = await harness.open();
    await bus.declare('builder', [runCancelled]);
    const limits = ['builder', 'inbox'].flatMap((of) => [`ci.${of}: delivery-limit`, `ci.${of}: max-length`]);
    expect([...((await bus.policiesMissing()) ?? [])].sort()).toEqual(['ci.audit: max-age', ...limits]);
    const at = { apiUrl: broker().rabbitApi, vhost: harness.vhost.name };
    const applied = await applyTopology(at);
    expect(await applyTopology(at)).toEqual(applied);
    expect(applied).toEqual(topologyPolicies().map(({ name }) => name));
    await until('all are there', async () => (await bus.policiesMissing())?.length === 0);
    const blind = await harness.open({ apiUrl: undefined } as object);
    expect(await blind.policiesMissing()).toBeUndefined();
  });

  test('the same event 10,000 times is 10,000 deliveries of one id', async () => {
    const bus = await harness.open();
    await bus.declare('builder', [runCancelled]);
    const event = sampleEvent('again and again');
    const ids = new Set<string>();
    let count = 0;
    consuming(bus, { prefetch: 200 }, async ({ id }) => (ids.add(id), (count += 1), emit()));
    for (let round = 0; round < 10; round += 1) await bus.publish(Array.from({ length: 1_000 }, () => event));
    await until('all are done', () => count === 10_000);
    expect([...ids]).toEqual([event.id]);
    expect(await bus.parked()).toEqual([]);
  });

  test('two installations share a virtual host by a prefix', async () => {
    const [one, other] = [await harness.open({ prefix: 'one.' }), await harness.open({ prefix: 'other.' })];
    await one.declare('builder', [runCancelled]);
    await other.declare('builder', [runCancelled]);
    await one.publish(sampleEvents('a'));
    const readyOf = async (bus: typeof one) => (await bus.queues()).map(({ service, ready }) => [service, ready]);
    await until('it is there', async () => (await readyOf(one))[0]?.[1] === 1);
    expect(await readyOf(other)).toContainEqual(['builder', 0]);
  });
});
