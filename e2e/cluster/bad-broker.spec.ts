import { describeOn } from '@keelson/testbed';
import { until } from '../support/keelson';
import { OwnServers } from './support/own-servers';
import { ServedRepository } from './support/served-repository';
import { ServiceProcess } from './support/service-process';
import type { ServiceName } from './support/service-process';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'hostIp'])('a service', () => {
  let own: OwnServers;
  let repository: ServedRepository;
  let sources: Record<string, string>;
  const running: ServiceProcess[] = [];
  beforeAll(async () => {
    own = await new OwnServers().open();
    repository = new ServedRepository('widget');
    repository.clusterPipeline('exit 0');
    repository.push();
    sources = { KEELSON_SOURCES: `${await repository.serve()}^main`, KEELSON_SOURCE_INTERVAL: '1s' };
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.kill()));
  });
  afterAll(async () => {
    await repository.close();
    await own.close();
  });
  const start = (name: ServiceName, env: Record<string, string> = {}) => {
    const service = new ServiceProcess(name, { ...own.environment, ...sources, ...env });
    running.push(service);
    return service;
  };
  const everything = { configure: '.*', write: '.*', read: '.*' };

  /** It has ended, said once why, and kept the password to itself. */
  async function expectRefused(service: ServiceProcess, words: RegExp, password: string): Promise<void> {
    expect(await service.ended).toEqual({ status: 1, signal: null });
    expect(service.stderr).toMatch(words);
    expect(service.logged('the bus has a fault')).toHaveLength(1);
    expect(service.stderr).not.toContain(password);
  }

  it('that names a virtual host which is not there ends with 1, and says so', async () => {
    const url = new URL(own.environment.KEELSON_AMQP ?? '');
    url.pathname = '/no-such-host';
    const words = /no-such-host refuses us: .* virtual host: there is none of that name/;
    await expectRefused(start('bootstrapper', { KEELSON_AMQP: url.href }), words, own.amqpPassword);
  });

  it('whose user may do nothing there ends with 1 and the words of the broker', async () => {
    const { amqp, password } = await own.user({ configure: '^$', write: '^$', read: '^$' });
    const service = start('bootstrapper', { KEELSON_AMQP: amqp, KEELSON_AMQP_PASSWORD: password });
    await expectRefused(service, /ACCESS_REFUSED.*ci\.events/, password);
  });

  it('whose user may not publish ends with 1 when it has something to say, and no other does', async () => {
    const other = start('bootstrapper');
    await other.started();
    const { amqp, password } = await own.user({ ...everything, write: '^(?!ci\\.events$).*' });
    const service = start('watcher', { KEELSON_AMQP: amqp, KEELSON_AMQP_PASSWORD: password });
    await expectRefused(service, /ACCESS_REFUSED.*ci\.events/, password);
    expect(other.logged('ended')).toEqual([]);
    expect(await other.kill('SIGTERM')).toEqual({ status: 0, signal: null });
  });

  it('that nobody listens to yet is heard by who comes later', async () => {
    const apart = await new OwnServers().open();
    try {
      const alone = start('watcher', apart.environment);
      const waits = async () => (await apart.queues()).find(({ service }) => service === 'bootstrapper');
      const isThere = async () => (await waits())?.ready === 1;
      await until(isThere, { timeoutMs: 180_000, what: () => `its event in a queue: ${alone.stderr}` });
      expect(await waits()).toMatchObject({ ready: 1, consumers: 0 });
      start('bootstrapper', apart.environment);
      const runs = async () => (await (await apart.ledger()).runs()).length;
      await until(async () => (await runs()) === 1, { timeoutMs: 180_000, what: () => `a run: ${alone.stderr}` });
      expect(alone.stderr).not.toContain('"stack"');
    } finally {
      await Promise.all(running.splice(0).map((service) => service.kill()));
      await apart.close();
    }
  });
});
