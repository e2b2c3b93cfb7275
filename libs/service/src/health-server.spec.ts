import { gate } from './bus-fixture.contract';
import { Health } from './health';
import { startHealthServer } from './health-server';
import type { HealthServer, HealthServerOptions } from './health-server';
import { PromMetrics } from './prom-metrics';

describe('the health server', () => {
  let server: HealthServer | undefined;
  afterEach(() => server?.close());

  const start = async (options: Partial<HealthServerOptions> = {}) => {
    server = await startHealthServer({ port: 0, health: new Health(), ...options });
    return (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server?.port}${path}`, { method });
  };

  it('says that the process lives, ready or not', async () => {
    const get = await start();
    const response = await get('/healthz');
    expect([response.status, await response.json()]).toEqual([200, { alive: true }]);
  });

  it('is not ready before anything has started', async () => {
    const get = await start();
    const response = await get('/readyz');
    expect([response.status, await response.json()]).toEqual([503, { ready: false, checks: [] }]);
  });

  it('is ready when all checks are, and says of each why it is not', async () => {
    const health = new Health({ timeoutMs: 10 });
    const get = await start({ health });
    health.add({ name: 'watcher', reasons: () => [] });
    expect((await get('/readyz')).status).toBe(200);
    health.add({ name: 'builder', reasons: async () => ['takes no deliveries'] });
    health.add({ name: 'broken', reasons: () => Promise.reject(new Error('no such thing')) });
    health.add({ name: 'hanging', reasons: () => new Promise(() => undefined) });
    const response = await get('/readyz?verbose');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      ready: false,
      checks: [
        { name: 'watcher', ready: true, reasons: [] },
        { name: 'builder', ready: false, reasons: ['takes no deliveries'] },
        { name: 'broken', ready: false, reasons: ['no such thing'] },
        { name: 'hanging', ready: false, reasons: ['did not answer within 10 ms'] },
      ],
    });
  });

  it('serves the metrics where there are some', async () => {
    const metrics = new PromMetrics();
    metrics.passed({ service: 'watcher', observer: 'heads', ok: true });
    const get = await start({ metrics });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('version=0.0.4');
    expect(await response.text()).toContain(
      'keelson_observer_passes_total{service="watcher",observer="heads",outcome="ok"} 1',
    );
  });

  it('knows no other page, and no other method', async () => {
    const get = await start();
    expect((await get('/metrics')).status).toBe(404);
    expect((await get('/')).status).toBe(404);
    expect((await get('/healthz', 'POST')).status).toBe(405);
    expect((await get('/healthz', 'HEAD')).status).toBe(200);
  });

  it('is not there without a port', async () => {
    server = await startHealthServer({ port: undefined, health: new Health() });
    expect(server.port).toBeUndefined();
  });

  it('says so when its port is taken', async () => {
    await start();
    await expect(startHealthServer({ port: server?.port, health: new Health() })).rejects.toThrow('EADDRINUSE');
  });

  it('closes with requests still open, also twice', async () => {
    const health = new Health({ timeoutMs: 3_600_000 });
    const get = await start({ health });
    const asked = gate();
    const answering = gate();
    const reasons = async () => {
      asked.open();
      await answering.opened;
      return [];
    };
    health.add({ name: 'slow', reasons });
    const response = get('/readyz').then(
      () => 'answered',
      () => 'cut off',
    );
    await asked.opened;
    await server?.close();
    await server?.close();
    expect(await response).toBe('cut off');
    answering.open();
  });
});
