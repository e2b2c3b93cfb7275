import { Ledger } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import type { ObjectStore } from '@keelson/objects';
import type { Context, DataContext } from './commands/context';
import { prepareDataDirectory } from './data-directory';
import type { DataDirectory } from './data-directory';

/** The data directory, made where there is none. @throws UsageError */
export async function openData(context: Context): Promise<DataContext> {
  await prepareDataDirectory(context.data);
  return { ...context, ledger: await openLedger(context.data) };
}

/** The records of a data directory that is there, or of the store that has them instead. */
export const openLedger = async (data: DataDirectory): Promise<Ledger> => new Ledger(await openStore(data));

async function openStore({ objects, servers }: DataDirectory): Promise<ObjectStore> {
  if (servers?.objects !== true) return DirObjectStore.open(objects);
  const { openServerStore } = await import('./server-access.js');
  return openServerStore(servers);
}
