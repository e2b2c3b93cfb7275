import { describeOn, FaultProxy, freePort } from '@keelson/testbed';
import { until } from '../support/keelson';
import { OwnServers } from './support/own-servers';
import { ServiceProcess, services } from './support/service-process';
import type { ServiceName } from './support/service-process';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig'])("a service's process", () => {
  let own: OwnServers;
  const running: ServiceProcess[] = [];
  beforeAll(async () => {
    own = await new OwnServers().open();
    await own.applyPolicies();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.kill()));
  });
  afterAll(() => own.close());

  const start = (name: ServiceName, env: Record<string, string> = {}) => {
    const service = new ServiceProcess(name, { ...own.environment, ...env });
    running.push(service);
    return service;
  };

  it.each(services)('%s names every missing setting at once, and ends with 1', async (name) => {
    const service = new ServiceProcess(name, { KEELSON_PREFETCH: 'many' });
    running.push(service);
    expect(await service.ended).toEqual({ status: 1, signal: null });
    for (const setting of ['KEELSON_AMQP', 'KEELSON_S3', 'KEELSON_S3_ACCESS_KEY', 'KEELSON_PREFETCH'])
      expect(service.stderr).toContain(`  ${setting}: `);
  });

  it('ends with 1 and the words of a broker that refuses it, without the password', async () => {
    const service = start('watcher', { KEELSON_AMQP_PASSWORD: 'hunter2' });
    expect(await service.ended).toEqual({ status: 1, signal: null });
    expect(service.stderr).toMatch(/ACCESS.REFUSED/);
    expect(service.stderr).not.toContain('hunter2');
  });

  it('ends with 1 and the words of a store that refuses it', async () => {
    const service = start('watcher', { KEELSON_S3_SECRET_KEY: 'hunter2-hunter2' });
    expect(await service.ended).toEqual({ status: 1, signal: null });
    expect(service.stderr).toContain('check the access key and the secret key');
    expect(service.stderr).not.toContain('hunter2');
  });

  it('lives but is not ready while its broker is away, is ready again with it, and stops in order', async () => {
    const url = new URL(own.environment.KEELSON_AMQP ?? '');
    const proxy = await FaultProxy.start(url.host);
    const port = await freePort();
    url.host = proxy.address;
    const service = start('bootstrapper', { KEELSON_AMQP: url.href, KEELSON_HEALTH_PORT: String(port) });
    const page = async (name: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/${name}`).catch(() => undefined);
      return { status: response?.status, text: (await response?.text()) ?? '' };
    };
    const isReady = async (status: number) => (await page('readyz')).status === status;
    try {
      await until(() => isReady(200), { timeoutMs: 180_000, what: () => `readiness: ${service.stderr}` });
      proxy.set('refuse');
      await until(() => isReady(503), { timeoutMs: 180_000, what: () => 'the end of readiness' });
      expect((await page('readyz')).text).toContain('there is no connection');
      expect((await page('healthz')).status).toBe(200);
      proxy.set('pass');
      await until(() => isReady(200), { timeoutMs: 180_000, what: () => `readiness again: ${service.stderr}` });
      expect((await page('metrics')).text).toContain('keelson_');
      expect(await service.kill('SIGTERM')).toEqual({ status: 0, signal: null });
    } finally {
      await proxy.close();
    }
  });
});
