import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { freePort, makeCertificate, suiteUnless } from '@keelson/testbed';
import type { Suite } from '@keelson/testbed';

const program = 'docker-registry';

/** Why tests against the real registry cannot run here; undefined when they can. */
export function whyNoRegistry(): string | undefined {
  return spawnSync(program, ['--version']).error === undefined ? undefined : `the program ${program} is not installed`;
}

/** The suite, where a registry of its own can be started, too. */
export function onRegistry(suite: Suite = (name, tests) => describe(name, tests)): Suite {
  const why = whyNoRegistry();
  return why === undefined ? suite : suiteUnless(why);
}

/** The login that a registry with `login: true` takes, and its password's bcrypt hash. */
export const testLogin = { username: 'tester', password: 'secret-of-the-test' };
const passwordHash = '$2y$04$abcdefghijklmnopqrstuualT.46tz0jeToGy/GIZyBarqV2mMWdi';

export type PrivateRegistry = { address: string; directory: string; close(): Promise<void> };

export type PrivateRegistryOptions = {
  login?: boolean;
  /** Where it listens, if not on 127.0.0.1. */
  host?: string;
  /** With a certificate by nobody: `ca.pem` of its directory is to be trusted. */
  tls?: boolean;
};

/** A distribution registry of our own: its own directory, a free port. */
export async function startRegistry(options: PrivateRegistryOptions = {}): Promise<PrivateRegistry> {
  const { host = '127.0.0.1', tls = false } = options;
  const directory = await mkdtemp(path.join(tmpdir(), 'keelson-registry-'));
  const address = `${host}:${await freePort(host)}`;
  await writeFile(path.join(directory, 'htpasswd'), `${testLogin.username}:${passwordHash}\n`);
  if (tls) makeCertificate(certificateIn(directory), host);
  const config = path.join(directory, 'config.yml');
  await writeFile(config, configuration(address, directory, options));
  const child = spawn(program, ['serve', config], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const deadlineMs = performance.now() + 60_000;
  while (child.exitCode === null && performance.now() < deadlineMs) {
    if (await answers(`${tls ? 'https' : 'http'}://${address}`)) return { address, directory, close };
    await setTimeout(50);
  }
  await close();
  throw new Error(`${program} does not answer on ${address}`);
}

const certificateIn = (directory: string) => ({
  keyFile: path.join(directory, 'key.pem'),
  certificateFile: path.join(directory, 'ca.pem'),
});

function configuration(address: string, directory: string, { login, tls }: PrivateRegistryOptions): string {
  const { keyFile: key, certificateFile: certificate } = certificateIn(directory);
  const auth = login === true ? { htpasswd: { realm: 'test', path: path.join(directory, 'htpasswd') } } : {};
  // JSON is YAML.
  return JSON.stringify({
    version: '0.1',
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: path.join(directory, 'data') }, delete: { enabled: true } },
    http: { addr: address, ...(tls === true ? { tls: { certificate, key } } : {}) },
    ...(login === true ? { auth } : {}),
  });
}

async function answers(origin: string): Promise<boolean> {
  try {
    await fetch(`${origin}/v2/`);
    return true;
  } catch (error) {
    // Not up yet, or only not trusted by us.
    return /SELF_SIGNED/.test(String((error as { cause?: { code?: string } }).cause?.code));
  }
}
