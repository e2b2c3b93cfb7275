import { readFile, writeFile } from 'node:fs/promises';
import type { ObjectStore } from '@keelson/objects';
import { startRegistry } from '@keelson/registry-server';
import type { RegistryWarning } from '@keelson/registry-server';
import type { DataDirectory } from '../data-directory';
import { errorCode } from '../error-code';
import { UsageError } from '../usage-error';

/** Where it lies in the store. */
export const registryPrefix = 'registry/';

/** The port of the first `up` on a machine. */
const defaultPort = 7070;

export type EmbeddedRegistryOptions = {
  /** Undefined: the one this data directory had last time. */
  port: number | undefined;
  /** Is told what an operator should know. */
  warn?: (warning: RegistryWarning) => void;
};

export type EmbeddedRegistry = {
  /** As images are pulled from it now. */
  address: string;
  /** As records of earlier runs name it, from when it had other ports. */
  formerAddresses: readonly string[];
  close: () => Promise<void>;
};

/**
 * Starts the embedded registry on loopback. Without a chosen port: the one this data directory had last time, or 7070, or, when
 * somebody else has that, any. @throws UsageError when the chosen port cannot be had
 */
export async function startEmbeddedRegistry(
  store: ObjectStore,
  data: DataDirectory,
  { port: chosen, warn }: EmbeddedRegistryOptions,
): Promise<EmbeddedRegistry> {
  const ports = await formerPorts(data);
  const listen = (port: number) =>
    startRegistry({
      store,
      prefix: registryPrefix,
      host: '127.0.0.1',
      port,
      ...(warn === undefined ? {} : { onWarning: warn }),
    });
  const server = await listen(chosen ?? ports.at(-1) ?? defaultPort).catch((error: unknown) => {
    if (errorCode(error) !== 'EADDRINUSE') throw error;
    if (chosen !== undefined)
      throw new UsageError(`port ${chosen} is in use: choose another with --port, or 0 for any`);
    return listen(0);
  });
  const { port } = server.address;
  const others = ports.filter((former) => former !== port);
  await writeFile(data.portsFile, [...others, port].map((each) => `${each}\n`).join(''));
  const close = () => server.close();
  return { address: `localhost:${port}`, formerAddresses: others.map((former) => `localhost:${former}`), close };
}

/** Every port it ever had, the last one last. */
export async function formerPorts(data: DataDirectory): Promise<readonly number[]> {
  const text = await readFile(data.portsFile, 'utf8').catch(() => ''); // never started here
  return text
    .split('\n')
    .map(Number)
    .filter((port) => port > 0 && port < 65_536);
}
