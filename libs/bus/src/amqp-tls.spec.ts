import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeWith, freePort, makeCertificate, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateRabbitmq } from '@keelson/testbed';
import { emit } from '@keelson/stage';
import { AmqpBus } from './amqp-bus';
import type { AmqpBusOptions } from './amqp/amqp-options';
import { ManagementApi } from './amqp/management-api';
import { runCancelled, sampleEvents, until } from './bus-harness.contract';
import { BusUnavailableError } from './bus';
import { BusRefusedError } from './bus-refused-error';

describeWith(['rabbitmq'])('the bus on RabbitMQ over TLS', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-amqp-tls-'));
  const [keyFile, certificateFile] = ['key.pem', 'certificate.pem'].map((name) => path.join(directory, name));
  let rabbitmq: PrivateRabbitmq;
  let url: URL;
  let apiUrl: string;
  const buses: AmqpBus[] = [];
  beforeAll(async () => {
    makeCertificate({ keyFile: keyFile!, certificateFile: certificateFile! });
    const [port, apiPort] = [await freePort(), await freePort()];
    const tls = [`listeners.ssl.1 = 127.0.0.1:${port}`, `ssl_options.certfile = ${certificateFile}`];
    const api = [`management.ssl.port = ${apiPort}`, 'management.ssl.ip = 127.0.0.1'];
    const files = [`management.ssl.certfile = ${certificateFile}`, `management.ssl.keyfile = ${keyFile}`];
    const settings = [...tls, `ssl_options.keyfile = ${keyFile}`, ...api, ...files];
    rabbitmq = await startPrivateRabbitmq({ settings });
    apiUrl = Object.assign(new URL(rabbitmq.api.replace('http:', 'https:')), { port: String(apiPort) }).href;
    url = Object.assign(new URL(rabbitmq.amqp), { port: String(port) });
    url = new URL(url.href.replace('amqp:', 'amqps:'));
  }, 600_000);
  afterEach(async () => {
    for (const bus of buses.splice(0)) await bus.close();
  });
  afterAll(async () => {
    await rabbitmq.close();
    rmSync(directory, { recursive: true });
  });
  const open = async (more: Partial<AmqpBusOptions> = {}) => {
    const bus = await AmqpBus.open({ url: url.href, onError: () => undefined, ...more });
    buses.push(bus);
    return bus;
  };

  test('publishes and consumes with the CA it is given', async () => {
    const bus = await open({ tls: { ca: readFileSync(certificateFile!, 'utf8') } });
    const ending = new AbortController();
    const seen: string[] = [];
    const subscription = { service: 'builder', types: [runCancelled], prefetch: 1 };
    await bus.declare('builder', [runCancelled]);
    const consumed = bus.consume(
      subscription,
      async (event) => {
        seen.push(event.subject ?? '');
        return emit();
      },
      ending.signal,
    );
    await bus.publish(sampleEvents('over TLS'));
    await until('it is seen', () => seen.includes('over TLS'));
    ending.abort();
    await consumed;
  });

  test('asks the management API with the same CA', async () => {
    const bus = await open({ apiUrl, tls: { ca: readFileSync(certificateFile!, 'utf8') } });
    await bus.declare('builder', [runCancelled]);
    expect(await bus.policiesMissing()).toContain('ci.builder: max-length');
    expect((await bus.queues()).find(({ service }) => service === 'builder')).toMatchObject({ ready: 0, inWork: 0 });
  });

  test('says why the management API cannot be asked', async () => {
    const asked = (address: string) => new ManagementApi({ apiUrl: address, vhost: '/' }).policies();
    await expect(asked(apiUrl)).rejects.toThrow(/GET https:.*certificate.*: give its CA file/);
    await expect(asked(apiUrl)).rejects.toBeInstanceOf(BusRefusedError);
    await expect(asked(rabbitmq.api.replace('http:', 'https:'))).rejects.toThrow(/wrong version number/);
    const nobody = asked(`http://localhost:${await freePort()}`);
    await expect(nobody).rejects.toThrow(/ECONNREFUSED/);
    await expect(nobody).rejects.toBeInstanceOf(BusUnavailableError);
  });

  test('what is in work is not known without a management API', async () => {
    const bus = await open({ tls: { ca: readFileSync(certificateFile!, 'utf8') } });
    await bus.declare('builder', [runCancelled]);
    const [builder] = (await bus.queues()).filter(({ service }) => service === 'builder');
    expect(builder).toMatchObject({ ready: 0 });
    expect(builder).not.toHaveProperty('inWork');
  });

  test('trusts nobody without it, and says what to do', async () => {
    const refused = open();
    await expect(refused).rejects.toBeInstanceOf(BusRefusedError);
    await expect(refused).rejects.toThrow(/amqps:.* refuses us: .*certificate.*: give its CA file/);
  });

  test('takes a port that wants TLS for a server that is away when it is asked without', async () => {
    const plain = open({ url: url.href.replace('amqps:', 'amqp:'), patienceMs: 1_000 });
    await expect(plain).rejects.toBeInstanceOf(BusUnavailableError);
  });

  test('says that a server does not speak TLS', async () => {
    const plain = open({ url: rabbitmq.amqp.replace('amqp:', 'amqps:') });
    await expect(plain).rejects.toThrow(/amqps:.* refuses us: .*: is it amqp:\/\/ or amqps:\/\/\?/);
  });
});
