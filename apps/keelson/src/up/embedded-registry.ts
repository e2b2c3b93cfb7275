import { readFile, writeFile } from 'node:fs/promises';
import type { ObjectStore } from '@keelson/objects';
import { startRegistry } from '@keelson/registry-server';
import type { DataDirectory } from '../data-directory';
import { UsageError } from '../usage-error';

/** The port of the first `up` on a machine. */
const defaultPort = 7070;

export type EmbeddedRegistry = { address: string; close: () => Promise<void> };

/**
 * Starts the embedded registry on loopback. Without a chosen port: the one this data directory had last time, or 7070, or, when
 * somebody else has that, any. @throws UsageError when the chosen port cannot be had
 */
export async function startEmbeddedRegistry(
  store: ObjectStore,
  data: DataDirectory,
  chosen: number | undefined,
): Promise<EmbeddedRegistry> {
  const wanted = chosen ?? (await lastPort(data)) ?? defaultPort;
  const server = await listen(store, wanted).catch((error: unknown) => {
    if (!isTaken(error)) throw error;
    if (chosen !== undefined)
      throw new UsageError(`port ${chosen} is in use: choose another with --port, or 0 for any`);
    return listen(store, 0);
  });
  if (chosen === undefined) await writeFile(data.portFile, `${server.address.port}\n`);
  return { address: `localhost:${server.address.port}`, close: () => server.close() };
}

const listen = (store: ObjectStore, port: number) =>
  startRegistry({ store, prefix: 'registry/', host: '127.0.0.1', port });

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';

async function lastPort(data: DataDirectory): Promise<number | undefined> {
  const text = await readFile(data.portFile, 'utf8').catch(() => ''); // no port yet
  const port = Number.parseInt(text, 10);
  return port > 0 && port < 65_536 ? port : undefined;
}
