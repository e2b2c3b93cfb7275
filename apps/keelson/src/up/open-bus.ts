import { BusInUseError, LmdbBus } from '@keelson/bus';
import type { DataDirectory } from '../data-directory';
import { UsageError } from '../usage-error';

/** Takes the data directory's bus, and with it the directory. @throws UsageError when another process has it */
export async function openBus(data: DataDirectory): Promise<LmdbBus> {
  try {
    return await LmdbBus.open({ directory: data.bus });
  } catch (error) {
    if (!(error instanceof BusInUseError)) throw error;
    throw new UsageError(`${error.message}; choose another data directory with --data`, { cause: error });
  }
}
