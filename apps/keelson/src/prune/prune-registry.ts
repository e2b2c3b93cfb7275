import { LmdbBus } from '@keelson/bus';
import { dockerConfigCredentials, parseRepository, RegistryClient } from '@keelson/registry';
import { startRegistry } from '@keelson/registry-server';
import { sameRegistries } from '@keelson/deployment';
import { z } from 'zod';
import type { DataContext } from '../commands/context';
import { socketPath } from '../data-directory';
import { remoteRegistries } from '../registries';
import { SocketBus } from '../socket-bus';
import { formerPorts, registryPrefix } from '../up/embedded-registry';
import type { SweepMeans } from './sweep';

/** The registries that runs of a data directory pushed to. */
export type PruneRegistry = SweepMeans & {
  /** One name for all names of a repository. */
  nameOf: (repository: string) => string;
  close: () => Promise<void>;
};

/**
 * Opens them. The embedded registry is that of the `up` that runs, else one of our own for as long as this takes, with the data directory
 * held so that no `up` begins meanwhile.
 */
export async function openPruneRegistry({ data, ledger }: DataContext): Promise<PruneRegistry> {
  const ports = await formerPorts(data);
  const own = ports.length === 0 || (await isUp(data)) ? undefined : await ownRegistry({ data, ledger });
  const port = own?.port ?? ports.at(-1);
  const address = `localhost:${port}`;
  const names = ports.map((each) => `localhost:${each}`);
  const remote = remoteRegistries();
  const registries = [
    ...names.map((name) => ({ name, push: address, pull: name, plainHttp: true })),
    ...remote.registries.filter(({ name }) => !names.includes(name)),
  ];
  const { dockerConfig } = remote;
  const client = new RegistryClient({
    registries,
    ...(dockerConfig === undefined ? {} : { credentials: dockerConfigCredentials(dockerConfig) }),
  });
  const groups = [...sameRegistries(remote.registries), names];
  return {
    client,
    nameOf: (repository) => named(repository, groups),
    removeBlobs: async (repository, digests, signal) => {
      const { registry, repository: name } = parseRepository(repository);
      if (names.includes(registry)) await removeUnreferenced(`http://${address}/v2/${name}`, digests, signal);
    },
    close: async () => {
      await client.close();
      await own?.close();
    },
  };
}

/** By the last of its registry's names. */
function named(repository: string, groups: readonly (readonly string[])[]): string {
  const { registry, repository: path } = parseRepository(repository);
  return `${groups.find((group) => group.includes(registry))?.at(-1) ?? registry}/${path}`;
}

async function isUp(data: DataContext['data']): Promise<boolean> {
  const live = new SocketBus(await socketPath(data));
  try {
    return await live.isThere();
  } finally {
    await live.close();
  }
}

async function ownRegistry({ data, ledger }: Pick<DataContext, 'data' | 'ledger'>) {
  const held = await LmdbBus.open({ directory: data.bus });
  try {
    const server = await startRegistry({ store: ledger.store, prefix: registryPrefix });
    const close = async () => {
      await server.close();
      await held.close();
    };
    return { port: server.address.port, close };
  } catch (error) {
    await held.close();
    throw error;
  }
}

const atOnce = 1_000;
const answer = z.object({ removed: z.array(z.string()) });

async function removeUnreferenced(url: string, digests: readonly string[], signal: AbortSignal): Promise<void> {
  for (let at = 0; at < digests.length; at += atOnce) {
    const body = JSON.stringify({ digests: digests.slice(at, at + atOnce) });
    const reply = await fetch(`${url}/_keelson/unreferenced`, { method: 'POST', body, signal });
    if (!reply.ok) throw new Error(`${url}: ${reply.status} to the request to remove layers`);
    answer.parse(await reply.json());
  }
}
