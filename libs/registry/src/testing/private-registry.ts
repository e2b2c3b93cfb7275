import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

const program = 'docker-registry';

/** Why tests against the real registry cannot run here; undefined when they can. */
export function whyNoRegistry(): string | undefined {
  return spawnSync(program, ['--version']).error === undefined ? undefined : `the program ${program} is not installed`;
}

/** The login that a registry with `login: true` takes, and its password's bcrypt hash. */
export const testLogin = { username: 'tester', password: 'secret-of-the-test' };
const passwordHash = '$2y$04$abcdefghijklmnopqrstuualT.46tz0jeToGy/GIZyBarqV2mMWdi';

export type PrivateRegistry = { address: string; directory: string; close(): Promise<void> };

/** A distribution registry of our own: its own directory, a free port of 127.0.0.1. */
export async function startRegistry(options: { login?: boolean } = {}): Promise<PrivateRegistry> {
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  await writeFile(path.join(directory, 'htpasswd'), `${testLogin.username}:${passwordHash}\n`);
  const config = path.join(directory, 'config.yml');
  await writeFile(config, configuration(address, directory, options.login === true));
  const child = spawn(program, ['serve', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  for (let tries = 0; tries < 200; tries += 1) {
    if (await answers(address)) return { address, directory, close };
    await setTimeout(50);
  }
  await close();
  throw new Error(`${program} does not answer on ${address}`);
}

function configuration(address: string, directory: string, login: boolean): string {
  const auth = login ? { htpasswd: { realm: 'test', path: path.join(directory, 'htpasswd') } } : {};
  // JSON is YAML.
  return JSON.stringify({
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: path.join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: address },
    ...(login ? { auth } : {}),
  });
}

async function answers(address: string): Promise<boolean> {
  try {
    await fetch(`http://${address}/v2/`);
    return true;
  } catch {
    // Not up yet.
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
