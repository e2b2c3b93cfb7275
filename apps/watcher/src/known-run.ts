import { runName } from '@keelson/ledger';
import type { Ledger } from '@keelson/ledger';
import { z } from 'zod';

/** The run of this id as people know it, `<id> (<name>)`; undefined when there is none here. Any text may be asked for. */
export async function knownRun(ledger: Ledger, id: string | undefined): Promise<string | undefined> {
  const run = z.uuid().safeParse(id).data;
  if (run === undefined || (await ledger.attempts(run)).length === 0) return undefined;
  return `${run} (${runName(run)})`;
}
