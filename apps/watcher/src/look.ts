import { beginKey, changeKey, endKey } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { refMatcher } from '@keelson/git';
import type { Head } from '@keelson/git';
import type { WatcherDeps } from './deps';
import type { Watch } from './watch';

/** What one look found of one ref. */
export type Move = { watch: Watch; ref: string } & (
  | { kind: 'moved'; commit: string | null; previous: ChangeRecord | undefined; isFirstLook: boolean }
  /** Recorded, and perhaps never told: we died in between. */
  | { kind: 'untold'; changes: readonly ChangeRecord[] }
);

/** Looks at one source: what moved since the last record. A source that cannot be read is said, and looked at again later. */
export async function look(deps: WatcherDeps, watch: Watch, signal: AbortSignal): Promise<readonly Move[]> {
  watch.begin();
  let heads: readonly Head[];
  try {
    const found = await deps.heads.list(watch.source, signal);
    watch.say(found.missing);
    heads = found.heads;
  } catch (error) {
    if (signal.aborted) throw error;
    watch.failed(error);
    return [];
  }
  if (watch.isFirstLook) await recallGone(deps, watch, heads);
  const moves = (await Promise.all(heads.map((head) => moved(deps, watch, head)))).flat();
  const gone = watch
    .refs()
    .filter((ref) => watch.change(ref)?.commit != null && !heads.some((head) => head.ref === ref));
  for (const ref of gone) {
    moves.push({ watch, ref, kind: 'moved', commit: null, previous: watch.change(ref), isFirstLook: false });
  }
  watch.succeeded(moves.map((move) => move.ref));
  return moves;
}

/** Refs that were there when we last ran, and are not now. */
async function recallGone({ ledger }: WatcherDeps, watch: Watch, heads: readonly Head[]): Promise<void> {
  const { name, pattern } = watch.source;
  if (pattern === undefined) return;
  const matches = refMatcher(pattern);
  for await (const { source, ref } of ledger.refs()) {
    if (source !== name || !matches(ref) || heads.some((head) => head.ref === ref)) continue;
    const newest = await ledger.newestChange(source, ref);
    if (newest !== undefined && newest.kind !== 'requested') watch.recorded(newest);
  }
}

async function moved(deps: WatcherDeps, watch: Watch, head: Head): Promise<Move[]> {
  const { ref, commit } = head;
  const known = watch.change(ref);
  if (known !== undefined) {
    return known.commit === commit ? [] : [{ watch, ref, kind: 'moved', commit, previous: known, isFirstLook: false }];
  }
  const newest = await deps.ledger.newestChange(watch.source.name, ref);
  if (newest === undefined) return [{ watch, ref, kind: 'moved', commit, previous: undefined, isFirstLook: true }];
  watch.recorded(newest);
  const untold = await untoldChanges(deps, newest);
  // What it moved to meanwhile is seen by the look after this has been told.
  if (untold.length > 0) return [{ watch, ref, kind: 'untold', changes: untold }];
  return newest.commit === commit ? [] : [{ watch, ref, kind: 'moved', commit, previous: newest, isFirstLook: false }];
}

/** The newest changes of a ref that no service has begun to work on, oldest first. */
async function untoldChanges({ ledger }: WatcherDeps, newest: ChangeRecord): Promise<ChangeRecord[]> {
  const untold: ChangeRecord[] = [];
  let change: ChangeRecord | undefined = newest;
  while (change?.commit != null && change.kind !== 'baseline') {
    const begun = await ledger.read(beginKey(change.run, 1));
    if (begun !== undefined || (await ledger.read(endKey(change.run, 1))) !== undefined) break;
    untold.unshift(change);
    change =
      change.sequence === 1 ? undefined : await ledger.read(changeKey(change.source, change.ref, change.sequence - 1));
  }
  return untold;
}
