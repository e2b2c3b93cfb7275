import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port';
import { PrivateServer } from './private-server';
import { programPath } from './programs';

export type PrivateRabbitmq = {
  /** `pause` stops the answers of the broker; `kill` is a crash. */
  server: PrivateServer;
  /** `amqp://user:password@127.0.0.1:port`. */
  amqp: string;
  /** `host:port` of AMQP. */
  address: string;
  /** Its management API: `http://user:password@127.0.0.1:port`. */
  api: string;
  /** Runs `rabbitmqctl` on it, and returns what it prints: to raise an alarm, for one. Takes 2 s. */
  ctl(...args: string[]): Promise<string>;
  /** Kills it and removes its data. */
  close(): Promise<void>;
};

const login = { user: 'tester', password: 'secret-of-the-test' };

export type RabbitmqOptions = {
  /** Debian 12's own, or a later one: see `describeRabbitmq4`. */
  program?: 'rabbitmq' | 'rabbitmq4';
  /** Lines of its rabbitmq.conf. */
  settings?: readonly string[];
};

/** A RabbitMQ with the management API of the suite's own, on free ports of 127.0.0.1, up in about 9 s. */
export async function startPrivateRabbitmq(options: RabbitmqOptions = {}): Promise<PrivateRabbitmq> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-rabbitmq-'));
  const ports = {
    amqp: await freePort(),
    api: await freePort(),
    epmd: await freePort(),
    distribution: await freePort(),
  };
  const env = await configure(directory, ports, options.settings ?? []);
  const epmd = await startPortMapper(ports.epmd);
  const program = programPath(options.program ?? 'rabbitmq');
  const api = `http://${login.user}:${login.password}@127.0.0.1:${ports.api}`;
  const server = new PrivateServer({
    name: 'RabbitMQ',
    command: [program],
    env,
    directory,
    answers: () => isUp(ports),
    startWithinMs: 120_000,
  });
  const close = async () => {
    await server.close();
    await epmd.close();
  };
  try {
    await server.start();
  } catch (error) {
    await close();
    throw error;
  }
  const ctl = async (...args: string[]) => {
    const command = path.join(path.dirname(program), 'rabbitmqctl');
    const { stdout } = await promisify(execFile)(command, args, { env: { ...process.env, ...env } });
    return stdout;
  };
  const address = `127.0.0.1:${ports.amqp}`;
  return { server, amqp: `amqp://${login.user}:${login.password}@${address}`, address, api, ctl, close };
}

type Ports = { amqp: number; api: number; epmd: number; distribution: number };

/** Writes its files, and gives the environment that makes it read these and nothing of the machine's own broker. */
async function configure(directory: string, ports: Ports, settings: readonly string[]) {
  const [config, plugins, log] = ['rabbitmq.conf', 'enabled_plugins', 'log'].map((name) => path.join(directory, name));
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${ports.amqp}`,
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${ports.api}`,
    `default_user = ${login.user}`,
    `default_pass = ${login.password}`,
    ...settings,
  ];
  await mkdir(log!);
  await writeFile(config!, `${lines.join('\n')}\n`);
  await writeFile(plugins!, '[rabbitmq_management].\n');
  return {
    HOME: directory,
    RABBITMQ_NODENAME: `private-${ports.amqp}@localhost`,
    RABBITMQ_CONFIG_FILE: config!,
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins!,
    RABBITMQ_MNESIA_BASE: path.join(directory, 'data'),
    RABBITMQ_LOG_BASE: log!,
    RABBITMQ_LOGS: '-',
    RABBITMQ_DIST_PORT: String(ports.distribution),
    ERL_EPMD_PORT: String(ports.epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_CRASH_DUMP: path.join(directory, 'erl_crash.dump'),
    // Then its script becomes the broker instead of starting it, and signals reach it.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
}

/** Erlang's port mapper, which it would else start as a daemon that stays behind. */
async function startPortMapper(port: number): Promise<PrivateServer> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-epmd-'));
  const command = ['epmd', '-port', String(port), '-address', '127.0.0.1'] as const;
  const names = () => promisify(execFile)('epmd', ['-port', String(port), '-names']);
  const epmd = new PrivateServer({
    name: 'epmd',
    command: [...command],
    directory,
    answers: async () => (await names()).stdout.includes('epmd: up'),
    startWithinMs: 30_000,
  });
  await epmd.start();
  return epmd;
}

/** It answers when AMQP is listening, which is last: the management API is up a little earlier. */
async function isUp(ports: Ports): Promise<boolean> {
  const authorization = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
  const check = `http://127.0.0.1:${ports.api}/api/health/checks/port-listener/${ports.amqp}`;
  return (await fetch(check, { headers: { authorization } })).ok;
}
