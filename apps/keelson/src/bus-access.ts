import { setTimeout as pause } from 'node:timers/promises';
import { BusInUseError, LmdbBus } from '@keelson/bus';
import type { Bus } from '@keelson/bus';
import { socketPath } from './data-directory';
import type { DataDirectory } from './data-directory';
import type { OnServers } from './on-servers';
import { SocketBus } from './socket-bus';
import { UsageError } from './usage-error';

/** What commands need of a bus. */
export type BusAccess = Pick<Bus, 'publish' | 'offer' | 'replay' | 'queues' | 'parked' | 'unpark' | 'close'> & {
  /** Whether an `up` is there to act on what is published. */
  isLive: boolean;
};

export type AccessOptions = {
  /** How long somebody who has the store and does not answer is waited for: an `up` that starts, another command. */
  patienceMs?: number;
  pollMs?: number;
};

/**
 * The bus of a data directory: RabbitMQ where that has it, else through its running `up`, or, when there is none, the store itself.
 * @throws UsageError when a process has the store for longer than our patience and does not answer
 */
export async function openBusAccess(
  data: DataDirectory,
  signal: AbortSignal,
  { patienceMs = 5_000, pollMs = 50 }: AccessOptions = {},
): Promise<BusAccess> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const live = await liveBus(data);
    if (live !== undefined) return live;
    try {
      return Object.assign(await LmdbBus.open({ directory: data.bus }), { isLive: false });
    } catch (error) {
      if (!(error instanceof BusInUseError)) throw error;
      if (performance.now() >= deadlineMs) throw inUse(error);
    }
    await pause(pollMs, undefined, { signal });
  }
}

/** The bus of a running `up`; undefined when none answers. */
export async function liveBus(data: DataDirectory): Promise<BusAccess | undefined> {
  if (data.servers?.bus === true) return serverBus(data.servers);
  const live = new SocketBus(await socketPath(data));
  if (await live.isThere()) return live;
  await live.close();
  return undefined;
}

/** The services that act on what is published run elsewhere. */
async function serverBus(servers: OnServers): Promise<BusAccess> {
  const { openServerBus } = await import('./server-access.js');
  return Object.assign(await openServerBus(servers), { isLive: true });
}

const inUse = (cause: BusInUseError): UsageError =>
  new UsageError(`process ${cause.pid} has ${cause.directory} and does not answer: try again, or end it`, { cause });
