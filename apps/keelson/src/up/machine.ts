import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { SourceAccess, startBootstrapper } from '@keelson/app-bootstrapper';
import { startImageBuilder } from '@keelson/app-image-builder';
import { startRegistryPoller } from '@keelson/app-registry-poller';
import { startTestRunner } from '@keelson/app-test-runner';
import { Heads, startWatcher } from '@keelson/app-watcher';
import type { WatcherDeps } from '@keelson/app-watcher';
import type { Bus } from '@keelson/bus';
import { BlobCache, Credentials, Mirror, mirrorDir, RemoteHeads, UrlCredentials } from '@keelson/git';
import type { Source } from '@keelson/git';
import { baseSettings } from '@keelson/deployment';
import { Ledger } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { stopInOrder } from '@keelson/service';
import type { NotStopped, Service, StopStep } from '@keelson/service';
import { readEnvironment } from '../config';
import { socketPath } from '../data-directory';
import { serverSettings } from '../server-access';
import type { DataContext } from '../commands/context';
import type { Puts } from '../report/follow-run';
import { ObservedStore } from '../observed-store';
import { serveSocket } from '../socket-server';
import { dockerfileBuilders } from './dockerfile-builders';
import { jobTemplates } from './job-templates';
import type { JobTemplates, TemplateWishes } from './job-templates';
import { openMachineBus, openMachineJobs, openMachineRegistry } from './machine-ports';
import { serviceLog } from './service-log';

export type MachineOptions = {
  context: DataContext;
  sources: readonly Source[];
  /** Whether sources that were asked for while running, now or earlier, are watched as well. */
  isFollowingRecords: boolean;
  from: 'head' | 'now';
  /** Of the embedded registry; undefined: the one it had last time. */
  port: number | undefined;
  /** Image tags watched for pushes by others. */
  images: readonly string[];
  /** Tests at once; undefined: as many as the machine has cores. */
  testLimit: number | undefined;
  cancelRunning: boolean;
  /** Where images go; undefined: the embedded registry. */
  registry: string | undefined;
  /** Whether Jobs are a cluster's. */
  kube: boolean;
  /** What is asked of Job templates besides what the commits say. */
  templates?: TemplateWishes | undefined;
  /** Only this one; undefined: all five. */
  service: ServiceName | undefined;
  tokenFile: string | undefined;
  /** For those repositories over https that were not named with credentials of their own. */
  token?: string | undefined;
  notice: (about: string, message: string) => void;
  looked: (source: Source, changes: readonly ChangeRecord[]) => void;
  unreadable: (source: Source, failures: number, isPassing: boolean) => void;
  /** Called when the bus is there, before any service begins: nothing is published before. */
  began: (begun: Begun) => void;
};

export type { NotStopped };

/** Consumers before producers: nothing that is published waits for a queue to be declared. */
export const serviceNames = ['test-runner', 'registry-poller', 'image-builder', 'bootstrapper', 'watcher'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type Begun = {
  bus: Bus;
  /** Hints that something was put below a prefix. */
  puts: Puts;
  registryAddress: string;
};

/** The five services in one process, sharing one bus, one object store, one set of jobs and one registry. */
export type Machine = Begun & {
  /** Ends everything, last started first, jobs included. Returns what did not end in time. */
  close: () => Promise<readonly NotStopped[]>;
};

/** How long a neighbour that is away is waited for before a run ends in an error. */
const patienceMs = 10 * 60_000;
/** Of the files that the commits tested last have in common with the next one. */
const knownBytes = 32 * 1024 * 1024;
/** Before the second and the third attempt, after an error of ours. */
const retryDelaysMs = [1_000, 10_000];
/** From Ctrl-C to the end. */
const closeWithinMs = 9_000;

/** Starts what the five services share, then the services, each after those whose events it takes. @throws UsageError */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const steps: StopStep[] = [];
  const close = () => stopInOrder([...steps].reverse(), { timeoutMs: closeWithinMs });
  try {
    const shared = await startShared(options, steps);
    const { bus, store, registry } = shared;
    const begun = { bus, registryAddress: registry.prefix, puts: (...at: Parameters<Puts>) => store.puts(...at) };
    options.began(begun);
    for (const start of serviceStarts(options, shared)) {
      const service = await start();
      steps.push({ name: service.name, stop: () => service.close() });
    }
    const socket = await serveSocket(bus, await socketPath(options.context.data));
    steps.push({ name: 'the socket', stop: () => socket.close() });
    return { ...begun, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Shared = Awaited<ReturnType<typeof startShared>>;

async function startShared(options: MachineOptions, steps: StopStep[]) {
  const { context, notice } = options;
  const { data } = context;
  const log = serviceLog(data.logFile, { tell: notice });
  const ports = { ...options, anyNamespace: options.templates !== undefined, data, log, steps };
  const bus = await openMachineBus(ports);
  const store = new ObservedStore(context.ledger.store);
  const ledger = new Ledger(store);
  const registry = await openMachineRegistry(ports, store);
  const jobs = openMachineJobs(ports, { ledger, store, client: registry.client });
  const remote = new RemoteHeads({ credentials: credentialsOf(options) });
  steps.push({ name: 'connections to repositories', stop: () => remote.close() });
  const mirrors = join(data.git, 'mirrors');
  const access = new SourceAccess({ mirrors, worktrees: join(data.git, 'worktrees'), remote });
  steps.push({ name: 'repositories', stop: () => access.close() });
  const templates = options.kube ? await jobTemplates(data, options.templates) : undefined;
  const builders = options.kube ? dockerfileBuilders() : undefined;
  return { builders, log, bus, store, ledger, jobs, remote, mirrors, access, registry, templates };
}

/** What came with a source's URL, else the token file, else git's own helpers. */
function credentialsOf({ sources, tokenFile, token }: MachineOptions): Credentials {
  const credentials = new Credentials({ tokenFile });
  for (const { location } of sources) {
    if (location.kind !== 'remote') continue;
    if (location.credentials !== undefined) credentials.give(location.url, location.credentials);
    else if (token !== undefined && isPrivate(location.url))
      credentials.give(location.url, new UrlCredentials('x-access-token', token));
  }
  return credentials;
}

/** Whether nobody on the way can read what is sent there. */
function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1');
}

function serviceStarts(options: MachineOptions, shared: Shared): readonly (() => Promise<Service>)[] {
  const { notice } = options;
  const { ledger, jobs, access: sources, registry, templates } = shared;
  const { client, prefix: registryPrefix } = registry;
  const host = { bus: shared.bus, logger: shared.log };
  const common = { ledger, client, clock: Date.now, patienceMs, notice, sameRegistry: registry.sameRegistry };
  const testing = {
    ...{ ledger, jobs, clock: Date.now, cancelRunning: options.cancelRunning, retryDelaysMs },
    limit: options.testLimit ?? availableParallelism(),
    warn: (message: string, fields: Record<string, unknown>) => host.logger.warn(fields, message),
  };
  const building =
    templates === undefined ? {} : { work: { ...testing, ...shared.builders, templates: making(templates) } };
  const column = options.kube ? ('cluster' as const) : ('machine' as const);
  const starts: Record<ServiceName, () => Promise<Service>> = {
    'test-runner': () => startTestRunner({ ...testing, templates: templates?.making }, host),
    'registry-poller': () => startRegistryPoller({ ...common, ...looking(options, shared) }, host),
    'image-builder': () => startImageBuilder({ ...common, registryPrefix, ...building }, host),
    bootstrapper: () =>
      startBootstrapper(
        { ...common, registry, sources, column, blobs: new BlobCache(knownBytes), templates: templates?.rendering },
        host,
      ),
    watcher: () => startWatcher(watching(options, shared), host),
  };
  return serviceNames
    .filter((name) => options.service === undefined || options.service === name)
    .map((name) => starts[name]);
}

/** What ends by itself does not wait for bases to move. */
function looking({ images: watched, isFollowingRecords, sources }: MachineOptions, { registry: { calm } }: Shared) {
  const tags = { watched, pollMs: 10_000 };
  if (!isFollowingRecords) return tags;
  const { baseInterval: intervalMs, rebuildsPerMinute } = serverSettings(baseSettings, readEnvironment().variables);
  const names = sources.map(({ name }) => name);
  return { ...tags, bases: { client: calm, intervalMs, rebuildsPerMinute, sources: names } };
}

/** Templates as builds: long enough for a big image on a small machine. */
const making = ({ making: means }: JobTemplates) => means && { ...means, timeoutMs: 2 * 3_600_000 };

function watching(options: MachineOptions, { ledger, registry, remote, mirrors }: Shared): WatcherDeps {
  const { client } = registry;
  const { sources, isFollowingRecords, from, notice, looked, unreadable } = options;
  const mirrorOf = (url: string) => new Mirror({ directory: mirrorDir(mirrors, url), url, remote });
  return {
    ...{ ledger, client, patienceMs, sources, from, notice, looked, unreadable, clock: Date.now, random: Math.random },
    heads: new Heads(remote, mirrorOf, (message) => notice('watcher', message)),
    ...{ isFollowingRecords, localIntervalMs: 10_000, remoteIntervalMs: 10_000, recordsIntervalMs: 10_000 },
  };
}
