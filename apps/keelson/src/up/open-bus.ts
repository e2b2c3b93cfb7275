import { setTimeout as pause } from 'node:timers/promises';
import { BusInUseError, LmdbBus } from '@keelson/bus';
import { liveBus } from '../bus-access';
import type { DataDirectory } from '../data-directory';
import { UsageError } from '../usage-error';

export type OpenBusOptions = {
  /** How long a command that has the bus for a moment is waited for. */
  patienceMs?: number;
  pollMs?: number;
  /** Told of faults that nobody else is told. */
  onError?: (error: Error) => void;
};

/** Takes the data directory's bus, and with it the directory. @throws UsageError when another `up` has it, or somebody for too long */
export async function openBus(
  data: DataDirectory,
  { patienceMs = 3_000, pollMs = 50, onError }: OpenBusOptions = {},
): Promise<LmdbBus> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await LmdbBus.open({ directory: data.bus, ...(onError === undefined ? {} : { onError }) });
    } catch (error) {
      if (!(error instanceof BusInUseError)) throw error;
      if (await isUp(data)) throw inUse(data, error);
      if (performance.now() >= deadlineMs) throw inUse(data, error);
    }
    await pause(pollMs);
  }
}

async function isUp(data: DataDirectory): Promise<boolean> {
  const bus = await liveBus(data);
  await bus?.close();
  return bus !== undefined;
}

const inUse = ({ root }: DataDirectory, cause: BusInUseError): UsageError =>
  new UsageError(
    `process ${cause.pid} works on the data directory ${root} already: end it, or choose another one with --data`,
    { cause },
  );
