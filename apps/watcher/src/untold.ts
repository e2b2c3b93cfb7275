import { eventTypes } from '@keelson/events';
import { beginKey, changeKey, endKey, openKey } from '@keelson/ledger';
import type { ChangeRecord, Ledger, OpenRecord, RecordKey } from '@keelson/ledger';
import { service } from './deps';
import { changeTold } from './tell';

/** Where it is noted that a deletion is still to be told. A commit needs no note: the bootstrapper's begin shows that it was. */
export const untoldKey = ({ run }: Pick<ChangeRecord, 'run'>): RecordKey<OpenRecord> =>
  openKey(service, { run, attempt: 1, stage: 'source' });

/** The note: the very event that is to be published. */
export function untold(deletion: ChangeRecord): OpenRecord {
  const [event] = changeTold(deletion);
  if (event === undefined) throw new Error(`change ${deletion.sequence} of ${deletion.ref} tells nothing`);
  return { event, openedAt: deletion.seenAt };
}

/** The newest changes of a ref that were perhaps never told, oldest first. */
export async function untoldChanges(ledger: Ledger, newest: ChangeRecord | undefined): Promise<ChangeRecord[]> {
  const found: ChangeRecord[] = [];
  let change = newest;
  while (change !== undefined && change.kind !== 'baseline' && !(await isTold(ledger, change))) {
    found.unshift(change);
    const { source, ref, sequence } = change;
    change = sequence === 1 ? undefined : await ledger.read(changeKey(source, ref, sequence - 1));
  }
  return found;
}

async function isTold(ledger: Ledger, change: ChangeRecord): Promise<boolean> {
  if (change.commit === null) return (await ledger.read(untoldKey(change))) === undefined;
  const begun = await ledger.read(beginKey(change.run, 1));
  return begun !== undefined || (await ledger.read(endKey(change.run, 1))) !== undefined;
}

/** Refs of a source whose deletion is still to be told. Notes of deletions that another watcher recorded first are removed. */
export async function refsToTell(ledger: Ledger, name: string): Promise<readonly string[]> {
  const refs: string[] = [];
  for (const { event } of await ledger.open(service)) {
    if (event.type !== eventTypes.branchDeleted || event.data.customData.source !== name) continue;
    const { ref, sequence } = event.data.customData;
    const run = event.data.context.chainId;
    const standing = await ledger.read(changeKey(name, ref, sequence));
    if (standing?.run === run) refs.push(ref);
    // Where nothing stands yet, somebody may be about to write it.
    else if (standing !== undefined) await ledger.close(untoldKey({ run }));
  }
  return refs;
}
