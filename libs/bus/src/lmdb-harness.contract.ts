import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BusHarness, BusTimes } from './bus-harness.contract';
import { LmdbBus } from './lmdb-bus';
import type { LmdbBusOptions } from './lmdb-options';

/** A harness that also tells where the store is and what went wrong in it. */
export type LmdbHarness = Omit<BusHarness, 'open'> & { open(): Promise<LmdbBus>; directory(): string; errors: Error[] };

/**
 * Buses in a directory of their own. One process may have the store once, so a second worker is the same bus.
 * A crash is a copy of the file as it is at that moment: what a killed process leaves behind. The bus that "died" goes on with the
 * file it had, as no process could; nothing it does is seen any more.
 */
export async function lmdbHarness(times: BusTimes, options: Partial<LmdbBusOptions> = {}): Promise<LmdbHarness> {
  const root = mkdtempSync(path.join(tmpdir(), 'keelson-bus-'));
  const all: LmdbBus[] = [];
  let generation = 0;
  let bus: LmdbBus | undefined;
  const errors: Error[] = [];
  const directory = () => path.join(root, String(generation));
  const open = async () => {
    if (bus) return bus;
    const onError = (error: Error) => void errors.push(error);
    bus = await LmdbBus.open({ ...times, graceMs: 50, leadPauseMs: 5, onError, ...options, directory: directory() });
    all.push(bus);
    return bus;
  };
  return {
    errors,
    directory,
    open,
    declare: async (service, types) => (await open()).declare(service, types),
    crash: async () => {
      const from = path.join(directory(), 'data.mdb');
      generation += 1;
      copyInto(from, directory());
      bus = undefined;
    },
    end: async () => {
      await Promise.all(all.map((one) => one.close()));
      rmSync(root, { recursive: true });
    },
  };
}

function copyInto(file: string, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  copyFileSync(file, path.join(directory, path.basename(file)));
}
