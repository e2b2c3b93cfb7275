import { emit } from '@keelson/stage';
import { AmqpBus } from './amqp-bus';
import { amqpHarness } from './amqp-harness.contract';
import type { AmqpHarness } from './amqp-harness.contract';
import { BusRefusedError } from './bus-refused-error';
import { consuming, runCancelled, sampleEvents, shortTimes, until } from './bus-harness.contract';
import { describeOnBrokers } from './testing/on-brokers.contract';

describeOnBrokers('what is refused ends the bus, in the broker’s words,', (broker) => {
  let harness: AmqpHarness;
  beforeEach(async () => {
    harness = await amqpHarness(shortTimes, broker());
  });
  afterEach(() => harness.end());

  const refusedBy = async (opening: Promise<AmqpBus>): Promise<Error> => {
    const error = await opening.then(
      (bus) => bus.close(),
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(BusRefusedError);
    expect(error).toMatchObject({ code: 'bus-refused' });
    return error as Error;
  };
  const open = (url: string) => AmqpBus.open({ url, onError: (error) => harness.errors.push(error) });

  test('a wrong password, which is in no message', async () => {
    const url = harness.vhost.url({ name: 'nobody', password: 'very%20secret' });
    const error = await refusedBy(open(url));
    expect(error.message).toMatch(/ACCESS_REFUSED/);
    expect(error.message).toContain('nobody@');
    expect([error, ...harness.errors].map((one) => `${one.message}${String(one.stack)}`).join()).not.toMatch(
      /very.*secret/,
    );
  });

  test('a virtual host that is not there', async () => {
    const url = new URL(harness.vhost.url());
    url.pathname = '/no-such-host';
    expect((await refusedBy(open(url.href))).message).toMatch(
      /no-such-host refuses us: .* virtual host: there is none of that name/,
    );
  });

  test.each(['', 'http://127.0.0.1', 'localhost:5672'])('what is no address of a broker: %j', async (url) => {
    expect((await refusedBy(open(url))).message).toMatch(/amqp:\/\/user:password@host/);
  });

  describe('a user', () => {
    const user = { name: `keelson-${Math.random().toString(36).slice(2)}`, password: 'secret' };
    beforeEach(() => harness.vhost.call('PUT', `/api/users/${user.name}`, { password: user.password, tags: '' }));
    afterEach(() => harness.vhost.call('DELETE', `/api/users/${user.name}`));

    test('without any right', async () => {
      await harness.vhost.allow(user.name, { configure: '', write: '', read: '' });
      expect((await refusedBy(open(harness.vhost.url(user)))).message).toMatch(/ACCESS_REFUSED.*ci\.events/);
    });

    test('who may not write to the exchange: publishing and consuming end', async () => {
      await harness.vhost.allow(user.name, { configure: '.*', write: '^(?!ci\\.events$)', read: '.*' });
      const bus = await harness.open({ url: harness.vhost.url(user) });
      const consumed = consuming(bus, {}, async () => emit());
      await expect(bus.publish(sampleEvents('a'))).rejects.toThrow(/ACCESS_REFUSED.*ci\.events/);
      await expect(consumed.stop()).rejects.toBeInstanceOf(BusRefusedError);
      await expect(bus.publish(sampleEvents('b'))).rejects.toBeInstanceOf(BusRefusedError);
    });
  });

  test('queues that were declared otherwise, by us or by somebody else', async () => {
    const first = await harness.open();
    expect((await refusedBy(harness.open({ retryMs: [1, 2, 3] }))).message).toMatch(
      /PRECONDITION_FAILED.*x-message-ttl/,
    );
    await harness.vhost.call('PUT', `/api/queues/${harness.vhost.name}/ci.builder`, { durable: false });
    const other = await harness.open();
    const consumed = consuming(other, {}, async () => emit());
    await until('it is refused', () => harness.errors.some(({ message }) => message.includes('ci.builder')));
    await expect(consumed.stop()).rejects.toThrow(/PRECONDITION_FAILED.*ci\.builder/);
    await expect(other.publish(sampleEvents('a'))).rejects.toBeInstanceOf(BusRefusedError);
    await first.publish(sampleEvents('b')); // nobody else is affected
  });

  test('a right that is taken away while it runs', async () => {
    const name = `keelson-${Math.random().toString(36).slice(2)}`;
    await harness.vhost.call('PUT', `/api/users/${name}`, { password: 'secret', tags: '' });
    await harness.vhost.allow(name, { configure: '.*', write: '.*', read: '.*' });
    const bus = await harness.open({ url: harness.vhost.url({ name, password: 'secret' }) });
    const subscription = { service: 'builder', types: [runCancelled], prefetch: 1 };
    const ended = bus
      .consume(subscription, async () => emit(), new AbortController().signal)
      .catch((error: unknown) => error);
    await harness.vhost.call('DELETE', `/api/users/${name}`); // the broker closes the user's connections
    expect(await ended).toMatchObject({
      code: 'bus-refused',
      message: expect.stringMatching(/ACCESS_REFUSED/) as string,
    });
  });
});
