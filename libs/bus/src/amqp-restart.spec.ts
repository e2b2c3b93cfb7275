import { describeRabbitmq4, describeWith, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateRabbitmq } from '@keelson/testbed';
import { amqpHarness } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import {
  auditFrom,
  consuming,
  Recorder,
  runCancelled,
  sampleEvents,
  shortTimes,
  until,
  untilParked,
} from './bus-harness.contract';
import { UnroutableError } from './amqp/unroutable-error';
import { BusUnavailableError } from './bus';

/** For an event that reached no queue: false. @throws any other error */
const notTaken = (error: unknown): false => {
  if (error instanceof UnroutableError) return false;
  throw error;
};

const suiteOn = (program: 'rabbitmq' | 'rabbitmq4') => () => {
  let broker: PrivateRabbitmq;
  let harness: AmqpHarness;
  beforeAll(async () => {
    broker = await startPrivateRabbitmq({ program });
  }, 600_000);
  afterAll(() => broker.close(), 600_000);
  /** A broker that starts again is waited for, its audit as long as deployed. */
  const patience = { patienceMs: 300_000, auditWaitMs: 1_000 };
  beforeEach(async () => {
    harness = await amqpHarness(shortTimes, { amqp: broker.amqp, rabbitApi: broker.api }, patience);
  });
  afterEach(() => harness.end());

  const restarts: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['restarted', () => broker.ctl('stop_app').then(() => broker.ctl('start_app'))],
    ['killed and started', () => broker.server.kill().then(() => broker.server.start())],
  ];
  test.each(restarts)(
    'a broker that is %s under publishers and consumers: every confirmed event is handled',
    async (_, restart) => {
      const worker = await harness.open({ maxRedeliveries: 20 });
      await worker.declare('builder', [runCancelled]);
      // A killed broker may take messages before it has all its queues again: only those that must be taken are told to have reached none.
      const publisher = await harness.open({ mandatoryTypes: [runCancelled] });
      const recorder = new Recorder();
      consuming(worker, { prefetch: 5 }, recorder.handler);
      const confirmed: string[] = [];
      let isPublishing = true;
      const publishing = (async () => {
        for (let count = 0; isPublishing; count += 1) {
          const isTaken = await publisher.publish(sampleEvents(`event-${count}`)).then(() => true, notTaken);
          if (isTaken) confirmed.push(`event-${count}`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      await recorder.untilSeen(20);
      await restart();
      const before = confirmed.length;
      await until('it goes on', () => confirmed.length > before + 20);
      isPublishing = false;
      await publishing;
      await until('all are handled', () => confirmed.every((name) => recorder.subjects.includes(name)));
      expect(await worker.parked()).toEqual([]);
      // A killed 3.10 at times leaves the audit's stream without its leader for a while.
      const missing = async () => {
        const audited = new Set((await auditFrom(worker)).map(({ event }) => event.subject));
        return confirmed.filter((name) => !audited.has(name));
      };
      await until('all are audited', async () => (await missing()).length === 0);
    },
    600_000,
  );

  test('a broker that is killed right after its queues were made: none is forgotten, nor what was confirmed in it', async () => {
    const bus = await harness.open({ takers: { builder: [runCancelled] } });
    await bus.publish(sampleEvents('before'));
    await broker.server.kill();
    await broker.server.start();
    // Through the queue of every wait, up to the parking.
    consuming(bus, {}, () => Promise.reject(new Error('it fails')));
    expect(await untilParked(bus)).toMatchObject([{ event: { subject: 'before' } }]);
    const leading = new AbortController();
    await bus.lead('builder', async () => leading.abort(), leading.signal);
  }, 600_000);

  /** What a broker that was killed is seen to be in for a while, brought about by hand. @param found how its queue is found, as Q */
  const audit = (found: string, then: string) => (vhost: string) =>
    broker.ctl('eval', `R = rabbit_misc:r(<<"${vhost}">>, queue, <<"ci.audit">>), ${found}, ${then}.`);
  const recorded = '[Q] = mnesia:dirty_read(rabbit_durable_queue, R)';
  const known = '{ok, Q} = rabbit_amqqueue:lookup(R)';
  const gone = [
    'is not there',
    audit(recorded, 'mnesia:dirty_delete(rabbit_queue, R)'),
    audit(recorded, 'mnesia:dirty_write(rabbit_queue, Q)'),
  ] as const;
  const silent = [
    'confirms nothing',
    audit(known, 'sys:suspend(amqqueue:get_pid(Q))'),
    audit(known, 'sys:resume(amqqueue:get_pid(Q))'),
  ] as const;
  // Inside, brokers before 4.0 are alike.
  if (program === 'rabbitmq') {
    test('an audit whose stream is not there cannot be read, and that is said of it', async () => {
      const [, begin, end] = gone;
      const bus = await harness.open();
      await bus.publish(sampleEvents('before'));
      await begin(harness.vhost.name);
      await expect(auditFrom(bus)).rejects.toThrow('has no stream ci.audit now');
      await end(harness.vhost.name);
      await until('it is read', async () => (await auditFrom(bus)).length === 1);
    });
  }
  test.each(program === 'rabbitmq' ? [gone, silent] : [silent])(
    'an audit whose stream %s: events go on, and are in it afterwards',
    async (_, begin, end) => {
      const bus = await harness.open();
      await bus.declare('builder', [runCancelled]);
      const recorder = new Recorder();
      consuming(bus, { prefetch: 5 }, recorder.handler);
      await bus.publish(sampleEvents('before'));
      const { name } = harness.vhost;
      await begin(name);
      const beganAtMs = performance.now();
      await bus.publish(sampleEvents('one', 'two'));
      const other = await harness.open();
      await other.publish(sampleEvents('three'));
      await recorder.untilSeen(4);
      expect(performance.now() - beganAtMs).toBeLessThan(60_000);
      await end(name);
      const audited = async () => new Set((await auditFrom(bus)).map(({ event }) => event.subject));
      await until('all are audited', async () => (await audited()).size === 4);
      await bus.publish(sampleEvents('after'));
      await until('the last is too', async () => (await audited()).has('after'));
      expect(await bus.parked()).toEqual([]);
    },
    600_000,
  );

  test('an alarm stops publishers, who are told why in time; consumers go on, and publishing does when it is over', async () => {
    const [bus, hasty] = [await harness.open(), await harness.open({ patienceMs: 5_000 })];
    await bus.declare('builder', [runCancelled]);
    await bus.publish(sampleEvents('before'));
    await broker.ctl('set_vm_memory_high_watermark', '0.00001');
    try {
      await expect(
        (async () => {
          for (let count = 0; count < 50; count += 1) await hasty.publish(sampleEvents(`event-${count}`));
        })(),
      ).rejects.toThrow(BusUnavailableError);
      await expect(hasty.publish(sampleEvents('blocked'))).rejects.toThrow(/takes no messages: low on memory/);
      expect((await bus.queues()).find(({ service }) => service === 'builder')?.ready).toBeGreaterThan(0);
    } finally {
      await broker.ctl('set_vm_memory_high_watermark', '0.4');
    }
    await until('it takes messages again', () =>
      bus.publish(sampleEvents('after')).then(
        () => true,
        () => false,
      ),
    );
    const recorder = new Recorder();
    consuming(bus, { prefetch: 10 }, recorder.handler);
    await until('both are seen', () => ['before', 'after'].every((name) => recorder.subjects.includes(name)));
  }, 600_000);
};

describeWith(['rabbitmq'])('the bus over a restart of RabbitMQ', suiteOn('rabbitmq'));
describeRabbitmq4('the bus over a restart of RabbitMQ 4', suiteOn('rabbitmq4'));
