import { isAlive, recordOf } from '@keelson/process';
import { z } from 'zod';
import { BusInUseError } from './bus-in-use-error';
import type { Store } from './lmdb-store';

const owner = z.object({ pid: z.int().min(1), identity: z.string() });
const ownerKey = 'owner';

/**
 * Writes this process down as the owner. LMDB's writer lock holds across processes, so of two that start at once one sees the other.
 * A record whose process is gone, or was followed by another of the same id, is taken over.
 * @throws BusInUseError when another living process is recorded
 */
export function claimDirectory(store: Store): void {
  store.root.transactionSync(() => {
    const recorded = readOwner(store.meta.get(ownerKey));
    if (recorded && recorded.pid !== process.pid && isAlive(recorded)) {
      throw new BusInUseError(store.directory, recorded.pid);
    }
    store.meta.putSync(ownerKey, JSON.stringify(recordOf(process.pid)));
  });
}

/** Takes this process's record away, so that the next owner need not ask whether we live. */
export function releaseDirectory(store: Store): void {
  store.root.transactionSync(() => {
    if (readOwner(store.meta.get(ownerKey))?.pid === process.pid) store.meta.removeSync(ownerKey);
  });
}

function readOwner(text: string | undefined): z.infer<typeof owner> | undefined {
  try {
    return owner.parse(JSON.parse(text ?? 'null'));
  } catch {
    return undefined; // none, or written by something else: nobody who could be asked
  }
}
