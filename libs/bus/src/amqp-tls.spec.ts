import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeWith, freePort, makeCertificate, startPrivateRabbitmq } from '@keelson/testbed';
import type { PrivateRabbitmq } from '@keelson/testbed';
import { emit } from '@keelson/stage';
import { AmqpBus } from './amqp-bus';
import type { AmqpBusOptions } from './amqp/amqp-options';
import { runCancelled, sampleEvents, until } from './bus-harness.contract';
import { BusUnavailableError } from './bus';
import { BusRefusedError } from './bus-refused-error';

describeWith(['rabbitmq'])('the bus on RabbitMQ over TLS', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-amqp-tls-'));
  const [keyFile, certificateFile] = ['key.pem', 'certificate.pem'].map((name) => path.join(directory, name));
  let rabbitmq: PrivateRabbitmq;
  let url: URL;
  const buses: AmqpBus[] = [];
  beforeAll(async () => {
    makeCertificate({ keyFile: keyFile!, certificateFile: certificateFile! });
    const port = await freePort();
    const tls = [`listeners.ssl.1 = 127.0.0.1:${port}`, `ssl_options.certfile = ${certificateFile}`];
    rabbitmq = await startPrivateRabbitmq({ settings: [...tls, `ssl_options.keyfile = ${keyFile}`] });
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
