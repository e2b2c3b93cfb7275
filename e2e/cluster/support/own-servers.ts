import { randomBytes } from 'node:crypto';
import { AmqpBus, applyTopology } from '@keelson/bus';
import type { QueueState } from '@keelson/bus';
import { Ledger } from '@keelson/ledger';
import { S3ObjectStore } from '@keelson/objects';
import { servers } from '@keelson/testbed';
import type { Servers } from '@keelson/testbed';
import { Client } from 'minio';

/** A virtual host, a bucket and names of a test's own on the testbed's servers, or on others, and how they are reached from this machine. */
export class OwnServers {
  /** Begins every name. */
  readonly name = `keelson-e2e-${randomBytes(4).toString('hex')}`;
  readonly #s3: Client;
  readonly #users: string[] = [];

  constructor(readonly at: Servers = servers) {
    const { hostname, port, protocol } = new URL(at.s3.endpoint);
    this.#s3 = new Client({
      ...{ endPoint: hostname, port: Number(port), useSSL: protocol === 'https:', region: 'us-east-1' },
      ...{ accessKey: at.s3.accessKey, secretKey: at.s3.secretKey },
    });
  }

  /** What `keelson topology apply` does. */
  async applyPolicies(): Promise<void> {
    await applyTopology({ apiUrl: this.at.rabbitApi, vhost: this.name });
  }

  async open(): Promise<this> {
    await this.#api('PUT', `/api/vhosts/${this.name}`);
    await this.#s3.makeBucket(this.name);
    return this;
  }

  /** Settings for a process on this machine, or, with the testbed's address, for one in a pod; passwords are not among them. */
  settings(host = '127.0.0.1'): Record<string, string> {
    const reached = (text: string) => {
      const url = new URL(text);
      url.hostname = host;
      url.password = '';
      return url;
    };
    const amqp = reached(this.at.amqp);
    amqp.pathname = `/${this.name}`;
    const api = reached(this.at.rabbitApi);
    api.username = '';
    // Base images are the testbed's.
    const registries = [...new Set([servers.registry, this.at.registry])].map((name) => ({ name, plainHttp: true }));
    return {
      KEELSON_AMQP: amqp.href,
      KEELSON_AMQP_API: api.origin,
      KEELSON_S3: `${reached(this.at.s3.endpoint).origin}/${this.name}`,
      KEELSON_REGISTRY: `${this.at.registry}/${this.name}`,
      KEELSON_REGISTRIES: JSON.stringify(registries),
    };
  }

  get amqpPassword(): string {
    return decodeURIComponent(new URL(this.at.amqp).password);
  }

  /** The environment of a process on this machine. */
  get environment(): Record<string, string> {
    const { accessKey, secretKey } = this.at.s3;
    const passwords = { KEELSON_AMQP_PASSWORD: this.amqpPassword, KEELSON_S3_ACCESS_KEY: accessKey };
    return { ...this.settings(), ...passwords, KEELSON_S3_SECRET_KEY: secretKey };
  }

  /** The records, as the services write them. */
  async ledger(): Promise<Ledger> {
    const { endpoint, accessKey, secretKey } = this.at.s3;
    return new Ledger(await S3ObjectStore.open({ endpoint, accessKey, secretKey, bucket: this.name }));
  }

  /** A user of the broker with these rights on the virtual host alone. Returns its address and its password. */
  async user(rights: { configure: string; write: string; read: string }): Promise<{ amqp: string; password: string }> {
    const name = `${this.name}-${this.#users.length}`;
    const password = randomBytes(8).toString('hex');
    await this.#api('PUT', `/api/users/${name}`, { password, tags: '' });
    this.#users.push(name);
    await this.#api('PUT', `/api/permissions/${this.name}/${name}`, rights);
    const url = new URL(this.settings().KEELSON_AMQP ?? '');
    url.username = name;
    return { amqp: url.href, password };
  }

  /** What no service could work on: why, and where. */
  parked(): Promise<string[]> {
    const words = async (bus: AmqpBus) =>
      (await bus.parked()).map(({ service, reason }) => `${service}: ${reason.error}`);
    return this.#onBus(words);
  }

  /** What waits, and for whom. */
  queues(): Promise<readonly QueueState[]> {
    return this.#onBus((bus) => bus.queues());
  }

  async #onBus<T>(ask: (bus: AmqpBus) => Promise<T>): Promise<T> {
    const url = new URL(this.settings().KEELSON_AMQP ?? '');
    url.password = encodeURIComponent(this.amqpPassword);
    const bus = await AmqpBus.open({ url: url.href, apiUrl: this.at.rabbitApi });
    try {
      return await ask(bus);
    } finally {
      await bus.close();
    }
  }

  /** The keys in the bucket below a prefix. */
  async keys(prefix = ''): Promise<string[]> {
    const keys: string[] = [];
    for await (const { name } of this.#s3.listObjectsV2(this.name, prefix, true) as AsyncIterable<{ name?: string }>) {
      if (name !== undefined) keys.push(name);
    }
    return keys;
  }

  async close(): Promise<void> {
    for (const name of this.#users) await this.#api('DELETE', `/api/users/${name}`);
    await this.#api('DELETE', `/api/vhosts/${this.name}`);
    await this.#s3.removeObjects(this.name, await this.keys());
    await this.#s3.removeBucket(this.name);
  }

  async #api(method: string, path: string, value?: object): Promise<void> {
    const url = new URL(path, this.at.rabbitApi);
    const authorization = `Basic ${Buffer.from(`${url.username}:${decodeURIComponent(url.password)}`).toString('base64')}`;
    url.username = url.password = '';
    const body = value === undefined ? {} : { body: JSON.stringify(value) };
    const headers = { authorization, 'content-type': 'application/json' };
    const { ok, status } = await fetch(url, { method, headers, ...body });
    if (!ok) throw new Error(`${method} ${url.href}: ${status}`);
  }
}
