import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const libraries = '/usr/lib/rabbitmq/lib';

/** The installed broker's programs; undefined where there is none. */
export function brokerPrograms(): string | undefined {
  try {
    const version = readdirSync(libraries).find((name) => name.startsWith('rabbitmq_server-'));
    return version && path.join(libraries, version, 'sbin');
  } catch {
    return undefined; // no such package
  }
}

/** A real RabbitMQ of a test's own, which it may stop and start: own ports, own data, in a directory that is removed at the end. */
export class PrivateBroker {
  #process: ChildProcess | undefined;

  private constructor(
    private readonly programs: string,
    private readonly directory: string,
    private readonly ports: { amqp: number; api: number; distribution: number; names: number },
  ) {}

  static async make(programs: string): Promise<PrivateBroker> {
    const directory = mkdtempSync(path.join(tmpdir(), 'keelson-broker-'));
    const [amqp, api, distribution, names] = await freePorts(4);
    const ports = { amqp: amqp!, api: api!, distribution: distribution!, names: names! };
    const conf = [
      `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
      `management.tcp.port = ${ports.api}`,
      'management.tcp.ip = 127.0.0.1',
    ];
    writeFileSync(path.join(directory, 'rabbitmq.conf'), `${conf.join('\n')}\n`);
    writeFileSync(path.join(directory, 'enabled_plugins'), '[rabbitmq_management].\n');
    const broker = new PrivateBroker(programs, directory, ports);
    await broker.start();
    return broker;
  }

  get amqp(): string {
    return `amqp://guest:guest@127.0.0.1:${this.ports.amqp}`;
  }

  get rabbitApi(): string {
    return `http://guest:guest@127.0.0.1:${this.ports.api}`;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const server = path.join(this.programs, 'rabbitmq-server');
    this.#process = spawn(server, [], { env: this.#environment(), stdio: 'ignore', detached: true });
    const endMs = performance.now() + 120_000;
    while (!(await this.#answers())) {
      if (performance.now() > endMs || this.#process.exitCode !== null) throw new Error('the broker did not come up');
      await pause(200);
    }
  }

  /** Ends it as a machine that loses power does. */
  async kill(): Promise<void> {
    const ending = this.#process;
    if (ending?.pid === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    process.kill(-ending.pid, 'SIGKILL');
    await ended;
  }

  /** `rabbitmqctl`. */
  async control(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(path.join(this.programs, 'rabbitmqctl'), ['-n', this.#node, ...args], {
      env: this.#environment(),
    });
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  get #node(): string {
    return `keelson${this.ports.amqp}@localhost`;
  }

  async #answers(): Promise<boolean> {
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    try {
      const url = `http://127.0.0.1:${this.ports.api}/api/healthchecks/node`;
      const response = await fetch(url, { headers: { authorization } });
      return response.ok;
    } catch {
      return false; // not yet
    }
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.directory,
      RABBITMQ_NODENAME: this.#node,
      RABBITMQ_CONFIG_FILE: path.join(this.directory, 'rabbitmq.conf'),
      RABBITMQ_MNESIA_BASE: path.join(this.directory, 'data'),
      RABBITMQ_LOG_BASE: path.join(this.directory, 'log'),
      RABBITMQ_ENABLED_PLUGINS_FILE: path.join(this.directory, 'enabled_plugins'),
      RABBITMQ_DIST_PORT: String(this.ports.distribution),
      ERL_EPMD_PORT: String(this.ports.names),
      ERL_EPMD_ADDRESS: '127.0.0.1',
    };
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
