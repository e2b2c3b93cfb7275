import path from 'node:path';
import { describeOn, describeWith, freePort, servers, startHttpFaultProxy, startPrivateMinio } from '@keelson/testbed';
import type { HttpFaultProxy, PrivateMinio } from '@keelson/testbed';
import { newDirectory, until } from '../support/keelson';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { OwnServers } from './support/own-servers';
import { ServiceProcess } from './support/service-process';
import type { ServiceName } from './support/service-process';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry'])('a service whose store', () => {
  let own: OwnServers;
  beforeAll(async () => {
    own = await new OwnServers().open();
  });
  afterAll(() => own.close());
  const start = (env: Record<string, string>) => new ServiceProcess('bootstrapper', { ...own.environment, ...env });

  it.each([
    [
      'has no such bucket',
      () => ({ KEELSON_S3: `${servers.s3.endpoint}/no-such-bucket` }),
      /create the bucket.*NoSuch/,
    ],
    ['knows no such key', () => ({ KEELSON_S3_ACCESS_KEY: 'nobody' }), /check the access key.*InvalidAccessKeyId/],
  ])('%s ends with 1, and says what to do', async (_what, env, words) => {
    const service = start(env());
    expect(await service.ended).toEqual({ status: 1, signal: null });
    expect(service.logged('could not start')).toHaveLength(1);
    expect(service.stderr).toMatch(words);
    expect(service.stderr).not.toContain(servers.s3.secretKey);
  });

  it('has another clock waits, and says whose clock is wrong', async () => {
    const [port, hook] = [await freePort(), path.join(__dirname, '../support/clock-jump.cjs')];
    const service = start({
      ...{ NODE_OPTIONS: `--require ${hook}`, E2E_CLOCK_WHEN: newDirectory('clock'), E2E_CLOCK_MS: '3600000' },
      KEELSON_HEALTH_PORT: String(port),
    });
    try {
      const waits = () => service.logged('a server is not there yet');
      await until(() => waits().length > 1, { timeoutMs: 180_000, what: () => `the second try: ${service.stderr}` });
      expect(waits()[0]).toMatchObject({ reason: expect.stringMatching(/clock.*RequestTimeTooSkewed/) as string });
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(503);
    } finally {
      await service.kill();
    }
  });
});

describeWith(['minio'])('a service whose store is in another region', () => {
  let minio: PrivateMinio;
  beforeAll(async () => {
    minio = await startPrivateMinio({ region: 'eu-test-1' });
  });
  afterAll(() => minio.server.close());

  it('ends with 1, and names the region', async () => {
    const service = new ServiceProcess('bootstrapper', {
      ...{ KEELSON_AMQP: 'amqp://127.0.0.1:1', KEELSON_REGISTRY: '127.0.0.1:1/team' },
      ...{ KEELSON_S3: `${minio.endpoint}/bucket`, KEELSON_S3_REGION: 'us-east-1' },
      ...{ KEELSON_S3_ACCESS_KEY: minio.accessKey, KEELSON_S3_SECRET_KEY: minio.secretKey },
    });
    expect(await service.ended).toEqual({ status: 1, signal: null });
    expect(service.stderr).toMatch(/set the region.*eu-test-1/);
    expect(service.stderr).not.toContain(minio.secretKey);
  });
});

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a store that is full for a while', () => {
  let proxy: HttpFaultProxy;
  let five: FiveServices;
  let isFull = false;
  beforeEach(async () => {
    // The real store, which answers in these words when its disk is full: that of the testbed is not ours to fill.
    proxy = await startHttpFaultProxy(new URL(servers.s3.endpoint).host);
    const full = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>XMinioStorageFull</Code><Message>Storage backend has reached its minimum free drive threshold. Please delete a few objects to proceed.</Message></Error>`;
    proxy.fault = (request, response) => {
      if (!isFull || request.method !== 'PUT') return false;
      request.resume();
      response.writeHead(507, { 'content-type': 'application/xml' }).end(full);
      return true;
    };
    const s3 = { ...servers.s3, endpoint: `http://${proxy.address}` };
    five = await FiveServices.prepare({ at: { s3 }, repositories: ['long', 'late'] });
  });
  afterEach(async () => {
    isFull = false;
    await five.close();
    await proxy.close();
  });

  it('is waited for: it is said, no run fails, and no line is lost', async () => {
    const [long, late] = five.repositories;
    long?.clusterPipeline('i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done');
    late?.clusterPipeline('echo late');
    await five.start();
    long?.push();
    const hasOutput = async () => (await five.own.keys('logs/')).length > 0;
    await until(hasOutput, { timeoutMs: 180_000, what: () => `output: ${five.said()}` });
    isFull = true;
    late?.push();
    const says = (name: ServiceName) =>
      five.service(name).stderr.includes('the object store is full: free some space or raise the quota');
    const isSaid = () => says('watcher') && says('test-runner');
    await until(isSaid, { what: () => `both to say so: ${five.said()}` });
    isFull = false;

    const views = await five.untilEnded(2);
    for (const view of views) expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
    const lines = Array.from({ length: 600 }, (_, index) => `line ${index + 1}\n`).join('');
    const output = await Promise.all(views.map((view) => outputOf(five.own, view)));
    expect(output.sort()).toEqual(['late\n', lines]);
    await expectBalanced(five.own, 2);
  });
});
