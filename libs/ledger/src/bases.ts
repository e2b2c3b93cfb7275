import { baseMoved, baseMovedNote } from './base-moved';
import { unsegment } from './key';
import { baseKey, basesPrefix } from './keys';
import type { Ledger } from './ledger';
import type { BaseRecord, ChangeRecord, MovedBase } from './records';

/** What is known of each base's tag, by its full name. */
export type NewestBases = ReadonlyMap<string, BaseRecord>;

/** The record that counts of each base. */
export async function newestBases(ledger: Ledger): Promise<NewestBases> {
  const newest = new Map<string, number>();
  for await (const { key } of ledger.store.list(basesPrefix)) {
    const [name = '', file = ''] = key.slice(basesPrefix.length).split('/');
    newest.set(unsegment(name), Number.parseInt(file, 10)); // in ascending order
  }
  const records = await Promise.all([...newest].map((at) => ledger.read(baseKey(...at))));
  return new Map(records.filter((record) => record !== undefined).map((record) => [record.reference, record]));
}

type Seen = Pick<BaseRecord, 'reference' | 'digest' | 'seenAt'> & {
  /** What an image in use was built on: where the tag pointed before it was first looked at. */
  builtOn: string | undefined;
};

/** Notes where a base's tag points, unless the newest record says so; a move is still to be told then. */
export async function recordBase(
  ledger: Ledger,
  { reference, digest, seenAt, builtOn = digest }: Seen,
  newest: BaseRecord | undefined,
): Promise<void> {
  if (newest?.digest === digest) return;
  const sequence = (newest?.sequence ?? 0) + 1;
  const previous = newest?.digest ?? (builtOn === digest ? null : builtOn);
  const record = { reference, sequence, digest, previous, seenAt };
  const event = baseMoved(record);
  if (event !== undefined) await ledger.write(baseMovedNote(record), { event, openedAt: seenAt });
  // Another leader may be first; where it saw something else, the next look does.
  await ledger.write(baseKey(reference, sequence), record);
}

/** The bases of an image that have moved since it was built. */
export function movedBases(bases: readonly { reference: string; digest: string }[], newest: NewestBases): MovedBase[] {
  return bases.flatMap(({ reference, digest: from }) => {
    const to = newest.get(reference)?.digest ?? from;
    return to === from ? [] : [{ reference, from, to }];
  });
}

/**
 * Whether one of the moves is a reason to build again: not when the change itself is a rebuild for that very move, nor
 * when it left the image on the base it was on (a Dockerfile may name a digest beside the tag).
 */
export const isReason = (change: ChangeRecord, moved: readonly MovedBase[], newest: NewestBases): boolean =>
  moved.some(({ reference, from, to }) => {
    const before = change.bases?.find((base) => base.reference === reference);
    if (before === undefined) return true;
    return before.to !== to && (before.from !== from || newest.get(reference)?.previous === from);
  });
