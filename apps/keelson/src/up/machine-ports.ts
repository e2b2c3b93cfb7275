import { baseRequestsPerSecond } from '@keelson/app-registry-poller';
import type { Bus } from '@keelson/bus';
import { jobSettings, openJobs, podAddress, registryAccess, sameRegistries } from '@keelson/deployment';
import { ProcessJobs } from '@keelson/jobs';
import type { Jobs } from '@keelson/jobs';
import type { Ledger, SameRegistry } from '@keelson/ledger';
import { dockerConfigCredentials, RegistryClient } from '@keelson/registry';
import type { RegistryClientOptions } from '@keelson/registry';
import type { Logger, StopStep } from '@keelson/service';
import type { DataDirectory } from '../data-directory';
import { dockerDirectory, kubeconfigOf, readEnvironment } from '../config';
import { PrivateCopies } from '../private-copies';
import type { ObservedStore } from '../observed-store';
import { remoteRegistries } from '../registries';
import { openServerBus, serverSettings } from '../server-access';
import { startEmbeddedRegistry } from './embedded-registry';
import type { EmbeddedRegistry } from './embedded-registry';
import { openBus } from './open-bus';

/** What of the machine may be on servers instead. */
export type Ports = {
  data: DataDirectory;
  /** Where snapshots and images go; undefined: the embedded registry. */
  registry: string | undefined;
  /** Of the embedded registry. */
  port: number | undefined;
  /** Whether tests run on a cluster. */
  kube: boolean;
  /** Whether its Jobs may have namespaces of their own, whatever the settings say. */
  anyNamespace: boolean;
  log: Logger;
  notice: (about: string, message: string) => void;
  /** What is to be stopped in the end, first started first. */
  steps: StopStep[];
};

/** The bus: RabbitMQ where that has it. The data directory is ours in either case. @throws UsageError when it is somebody else's */
export async function openMachineBus({ data, log, steps }: Ports): Promise<Bus> {
  const onError = (error: Error) => log.error({ service: 'bus', err: error }, 'the bus has a fault');
  const own = await openBus(data, { onError });
  steps.push({ name: 'the bus', stop: () => own.close() });
  if (data.servers?.bus !== true) return own;
  const bus = await openServerBus(data.servers, { onError });
  steps.push({ name: 'the connection to RabbitMQ', stop: () => bus.close() });
  return bus;
}

/** Where images go, and how they are spoken of. */
export type MachineRegistry = {
  prefix: string;
  codec: 'none' | 'gzip-1';
  client: RegistryClient;
  /** One with a budget of requests, for looks at what is not ours. */
  calm: RegistryClient;
  /** Addresses that are one registry's. */
  sameRegistry: SameRegistry;
  /** As pods reach it, where that is said. */
  podAddress?: string | undefined;
};

type Limits = Pick<RegistryClientOptions, 'requestsPerSecond'>;
const calmly: Limits = { requestsPerSecond: baseRequestsPerSecond };

export async function openMachineRegistry(ports: Ports, store: ObservedStore): Promise<MachineRegistry> {
  const { registry: prefix, steps } = ports;
  const opened = prefix === undefined ? await embedded(ports, store) : remote(prefix);
  const { client, calm } = opened;
  steps.push({ name: 'connections to registries', stop: () => client.close() });
  steps.push({ name: 'connections to the registries of bases', stop: () => calm.close() });
  return opened;
}

async function embedded({ data, port, log, steps }: Ports, store: ObservedStore): Promise<MachineRegistry> {
  const registry = await startEmbeddedRegistry(store, data, {
    port,
    warn: ({ message, ...fields }) => log.info({ service: 'registry', ...fields }, message),
  });
  steps.push({ name: 'the registry', stop: () => registry.close() });
  const sameRegistry = [[registry.address, ...registry.formerAddresses]];
  const [client, calm] = [embeddedClient(registry, {}), embeddedClient(registry, calmly)];
  return { prefix: registry.address, codec: 'none', client, calm, sameRegistry };
}

/** Credentials are Docker's own; names that the embedded registry had lead to where it is now. */
function embeddedClient({ address, formerAddresses }: EmbeddedRegistry, limits: Limits): RegistryClient {
  const directory = dockerDirectory(readEnvironment());
  const registries = formerAddresses.map((name) => ({ name, push: address, pull: name, plainHttp: true }));
  return new RegistryClient({
    registries,
    ...limits,
    ...(directory === undefined ? {} : { credentials: dockerConfigCredentials(directory) }),
  });
}

function remote(prefix: string): MachineRegistry {
  const access = remoteRegistries();
  const { registries } = access;
  const [client, calm] = [registryAccess(access), registryAccess(access, calmly)];
  const sameRegistry = sameRegistries(registries);
  return { prefix, codec: 'gzip-1', client, calm, sameRegistry, podAddress: podAddress(registries, prefix) };
}

/** Jobs: child processes, or Jobs of a cluster. */
export function openMachineJobs(
  ports: Ports,
  of: { ledger: Ledger; store: ObservedStore; client: RegistryClient },
): Jobs {
  const { kube, data, notice, steps } = ports;
  const onWarning = (message: string) => notice('jobs', message);
  if (kube) {
    const environment = readEnvironment();
    const settings = serverSettings(jobSettings, environment.variables);
    const anyNamespace = settings.anyNamespace || ports.anyNamespace;
    const { kubeconfig = kubeconfigOf(environment) } = settings;
    const cluster = openJobs(
      { ...settings, anyNamespace, kubeconfig },
      { store: of.store.inner, client: of.client, onWarning },
    );
    steps.push({ name: 'the connection to the cluster', stop: () => cluster.close() });
    return cluster;
  }
  const copies = new PrivateCopies({ ...of, spare: data.spare });
  const jobs = new ProcessJobs({ directory: data.jobs, materialise: copies.fill, removed: copies.prepare, onWarning });
  steps.push({ name: 'jobs', stop: () => jobs.close() }, { name: 'spare files', stop: () => copies.close() });
  // The first test need not wait for its supervisor to start; without one in readiness it starts its own, and says why it cannot.
  jobs.warm().catch(() => undefined);
  return jobs;
}
