import { Ledger } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import type { Context, DataContext } from './commands/context';
import { prepareDataDirectory } from './data-directory';

/** The data directory, made where there is none. @throws UsageError */
export async function openData(context: Context): Promise<DataContext> {
  await prepareDataDirectory(context.data);
  return { ...context, ledger: new Ledger(await DirObjectStore.open(context.data.objects)) };
}
