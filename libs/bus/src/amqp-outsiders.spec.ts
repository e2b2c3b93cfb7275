import { emit, TerminalError } from '@keelson/stage';
import { outsiderPermissions } from './amqp/policies';
import { amqpHarness } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import type { OutsideMessage } from './bus';
import { auditFrom, runCancelled, sampleEvent, shortTimes, until, untilParked } from './bus-harness.contract';
import { EventTooLargeError } from './event-too-large-error';
import { describeOnBrokers } from './testing/on-brokers.contract';
import { RawClients } from './testing/raw-clients';

describeOnBrokers('the bus, towards those outside,', (broker) => {
  let harness: AmqpHarness;
  const raws = new RawClients();
  beforeEach(async () => {
    harness = await amqpHarness(shortTimes, broker());
  });
  afterEach(async () => {
    await raws.close();
    await harness.end();
  });

  test('an outsider may write to the inbox, under any routing key and with any header, and nowhere else', async () => {
    const name = `keelson-${Math.random().toString(36).slice(2)}`;
    await harness.vhost.call('PUT', `/api/users/${name}`, { password: 'secret', tags: '' });
    try {
      await harness.vhost.allow(name, outsiderPermissions());
      const bus = await harness.open();
      const seen: OutsideMessage[] = [];
      const take = async (message: OutsideMessage) => (seen.push(message), emit());
      void bus.consumeInbox({ service: 'watcher', prefetch: 1 }, take, new AbortController().signal);
      await until('it consumes', async () => (await bus.queues()).some(({ consumers }) => consumers === 1));
      const raw = await raws.channel(harness.vhost.url({ name, password: 'secret' }));
      const headers = { 'cloudEvents:id': '1', Number: 5, flag: true, nested: { a: [1] }, 'x-keelson-failures': 99 };
      raw.publish('ci.inbox', 'any.key', Buffer.from('hello'), { contentType: 'text/x', headers });
      await raw.waitForConfirms();
      await until('it is taken in', () => seen.length === 1);
      expect(seen[0]).toMatchObject({
        contentType: 'text/x',
        headers: { 'cloudevents:id': '1', number: '5', flag: 'true', nested: '{"a":[1]}' },
      });
      expect(Object.keys(seen[0]!.headers)).not.toContain('x-keelson-failures');
      raw.publish('ci.events', runCancelled, Buffer.from('{}'));
      await expect(raw.waitForConfirms()).rejects.toThrow();
      expect(await auditFrom(bus)).toEqual([]);
    } finally {
      await harness.vhost.call('DELETE', `/api/users/${name}`);
    }
  });

  test('an outsider cannot have what it sends copied into a queue of ours', async () => {
    const bus = await harness.open();
    await bus.declare('builder', [runCancelled]);
    const take = () => Promise.reject(new TerminalError('no'));
    void bus.consumeInbox({ service: 'watcher', prefetch: 1 }, take, new AbortController().signal);
    const raw = await raws.channel(harness.vhost.url());
    const body = Buffer.from(JSON.stringify(sampleEvent('forged')));
    raw.publish('ci.inbox', '', body, { headers: { CC: ['ci.builder'], BCC: ['ci.builder'] } });
    await raw.waitForConfirms();
    await untilParked(bus);
    expect((await bus.queues()).find(({ service }) => service === 'builder')).toMatchObject({ ready: 0 });
  });

  test('a message with more headers than our client can send on is parked without them', async () => {
    const bus = await harness.open();
    const take = () => Promise.reject(new TerminalError('no'));
    void bus.consumeInbox({ service: 'watcher', prefetch: 1 }, take, new AbortController().signal);
    await until('it consumes', async () => (await bus.queues()).some(({ consumers }) => consumers === 1));
    // Which therefore cannot send it in the first place: other clients can.
    const properties = { headers: { large: 'x'.repeat(70 * 1024) } };
    const message = { properties, routing_key: '', payload: 'hello', payload_encoding: 'string' };
    await harness.vhost.call('POST', `/api/exchanges/${harness.vhost.name}/ci.inbox/publish`, message);
    expect(await untilParked(bus)).toMatchObject([{ message: { headers: {} }, reason: { code: 'terminal' } }]);
  });

  test('an event that is too large is refused; a large message from outside is parked without harm', async () => {
    const bus = await harness.open();
    const large = { ...sampleEvent('large'), subject: 'x'.repeat(1024 * 1024) };
    await expect(bus.publish([large])).rejects.toBeInstanceOf(EventTooLargeError);
    await bus.offer({ headers: {}, body: Buffer.alloc(10 * 1024 * 1024, 'x') });
    await bus.offer({ headers: {}, body: Buffer.from('small') });
    const seen: number[] = [];
    const take = async ({ body }: OutsideMessage) => {
      if (body.byteLength > 1024 * 1024) throw new TerminalError(`${body.byteLength} bytes`);
      return (seen.push(body.byteLength), emit());
    };
    void bus.consumeInbox({ service: 'watcher', prefetch: 1 }, take, new AbortController().signal);
    const [parked] = await untilParked(bus);
    expect(parked?.reason).toMatchObject({
      code: 'terminal',
      error: expect.stringMatching(/10485760 bytes/) as string,
    });
    expect(parked?.message?.body.byteLength).toBe(10 * 1024 * 1024);
    await until('the small one is taken in', () => seen.length === 1);
    expect(seen).toEqual([5]);
  });
});
