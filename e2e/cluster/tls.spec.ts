import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeWith, freePort, makeCertificate, startPrivateMinio, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateMinio, PrivateRabbitmq } from '@keelson/testbed';
import { ServiceProcess } from './support/service-process';

jest.setTimeout(600_000);

describeWith(['rabbitmq', 'minio'])('a service on servers that speak TLS', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-e2e-tls-'));
  const [keyFile, caFile, bothFile] = ['key.pem', 'ca.pem', 'both.pem'].map((name) => path.join(directory, name));
  let rabbitmq: PrivateRabbitmq;
  let minio: PrivateMinio;
  let environment: Record<string, string>;
  const running: ServiceProcess[] = [];

  beforeAll(async () => {
    makeCertificate({ keyFile: keyFile!, certificateFile: caFile! });
    const port = await freePort();
    const settings = [`listeners.ssl.1 = 127.0.0.1:${port}`, `ssl_options.certfile = ${caFile}`];
    rabbitmq = await startPrivateRabbitmq({ settings: [...settings, `ssl_options.keyfile = ${keyFile}`] });
    minio = await startPrivateMinio({ tls: true });
    writeFileSync(bothFile!, readFileSync(caFile!, 'utf8') + readFileSync(minio.caFile!, 'utf8'));
    const amqp = new URL(rabbitmq.amqp);
    environment = {
      ...{ KEELSON_AMQP: `amqps://${amqp.username}@127.0.0.1:${port}`, KEELSON_AMQP_PASSWORD: amqp.password },
      ...{ KEELSON_S3: `${minio.endpoint}/keelson`, KEELSON_S3_CREATE: 'true', KEELSON_REGISTRY: '127.0.0.1:1/team' },
      ...{ KEELSON_S3_ACCESS_KEY: minio.accessKey, KEELSON_S3_SECRET_KEY: minio.secretKey },
    };
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.kill()));
  });
  afterAll(async () => {
    await rabbitmq.close();
    await minio.server.close();
    rmSync(directory, { recursive: true });
  });
  const start = (env: Record<string, string>) => {
    const service = new ServiceProcess('bootstrapper', { ...environment, ...env });
    running.push(service);
    return service;
  };

  it.each([
    ['by its settings', () => ({ KEELSON_AMQP_CA_FILE: caFile!, KEELSON_S3_CA_FILE: minio.caFile! })],
    ['by the variable of Node.js', () => ({ NODE_EXTRA_CA_CERTS: bothFile! })],
  ])('works with the CA files that it is given %s', async (_how, env) => {
    const service = await start(env()).started();
    expect(service.logged('the bus has a fault')).toEqual([]);
    expect(await service.kill('SIGTERM')).toEqual({ status: 0, signal: null });
  });

  it.each([
    [
      'the store',
      () => ({ KEELSON_AMQP_CA_FILE: caFile! }),
      /we do not trust the server's certificate: give its CA file/,
    ],
    ['the broker', () => ({ KEELSON_S3_CA_FILE: minio.caFile! }), /amqps:.* refuses us: .*: give its CA file/],
  ])('ends with 1 when it cannot trust %s, and says what to do', async (_who, env, words) => {
    const service = start(env());
    expect(await service.ended).toEqual({ status: 1, signal: null });
    expect(service.stderr).toMatch(words);
  });
});
