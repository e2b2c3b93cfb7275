import { describeWith, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateRabbitmq } from '@keelson/testbed';
import { applyTopology } from './amqp/policies';
import { amqpHarness } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import { consuming, hang, runCancelled, sampleEvents, shortTimes, until } from './bus-harness.contract';

/** As RabbitMQ's official images are configured: its management API keeps no statistics. */
describeWith(['rabbitmq'])('the bus on a broker without statistics', () => {
  let broker: PrivateRabbitmq;
  let harness: AmqpHarness;
  beforeAll(async () => {
    broker = await startPrivateRabbitmq({ settings: ['management_agent.disable_metrics_collector = true'] });
    harness = await amqpHarness(shortTimes, { amqp: broker.amqp, rabbitApi: broker.api });
  }, 600_000);
  afterAll(async () => {
    await harness.end();
    await broker.close();
  });

  it('knows which policies are in force', async () => {
    const bus = await harness.open();
    await bus.declare('builder', [runCancelled]);
    expect(await bus.policiesMissing()).toContain('ci.builder: max-length');
    await applyTopology({ apiUrl: broker.api, vhost: harness.vhost.name });
    expect(await bus.policiesMissing()).toEqual([]);
    // An operator's own has the place of ours, whatever it leaves out.
    const own = { pattern: 'builder', definition: { 'max-length': 5 }, 'apply-to': 'queues', priority: 20 };
    await harness.vhost.call('PUT', `/api/policies/${harness.vhost.name}/own`, own);
    expect(await bus.policiesMissing()).toEqual(['ci.builder: delivery-limit']);
    await harness.vhost.call('DELETE', `/api/policies/${harness.vhost.name}/own`);
    // One for other things than queues, and one that we cannot read, change nothing.
    const others = [
      { ...own, 'apply-to': 'exchanges' },
      { ...own, pattern: '(?i)nothing' },
    ];
    for (const [at, other] of others.entries())
      await harness.vhost.call('PUT', `/api/policies/${harness.vhost.name}/other-${at}`, other);
    expect(await bus.policiesMissing()).toEqual([]);
  });

  it('knows what waits, and what is in work', async () => {
    const bus = await harness.open();
    await bus.declare('worker', [runCancelled]);
    await bus.publish(sampleEvents('a', 'b', 'c'));
    const state = async () => (await bus.queues()).find(({ service }) => service === 'worker');
    expect(await state()).toMatchObject({ ready: 3, inWork: 0, consumers: 0 });
    consuming(bus, { service: 'worker' }, hang);
    await until('one is in work', async () => (await state())?.inWork === 1);
    expect(await state()).toMatchObject({ ready: 2, consumers: 1 });
  });
});
