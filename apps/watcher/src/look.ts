import type { ChangeRecord } from '@keelson/ledger';
import { refMatcher } from '@keelson/git';
import type { WatcherDeps } from './deps';
import { refsToTell, untoldChanges } from './untold';
import type { Watch } from './watch';

/** What one look found of one ref. */
export type Move = { watch: Watch; ref: string } & (
  | { kind: 'moved'; commit: string | null; previous: ChangeRecord | undefined }
  /** Recorded, and perhaps never told: we died in between. */
  | { kind: 'untold'; changes: readonly ChangeRecord[] }
);

/** Where a ref is now; null when it is gone. */
type Seen = { ref: string; commit: string | null };

/** Looks at one source: what moved since the last record. A source that cannot be read is said, and looked at again later. */
export async function look(deps: WatcherDeps, watch: Watch, signal: AbortSignal): Promise<readonly Move[]> {
  watch.begin();
  try {
    const seen = await readSource(deps, watch, signal);
    if (seen === undefined) return [];
    const moves = (await Promise.all(seen.map((each) => moved(deps, watch, each)))).flat();
    watch.succeeded(moves.map((move) => move.ref));
    return moves;
  } catch (error) {
    watch.hint(); // the records could not be read: what hinted at this look still stands
    throw error;
  }
}

/** Every ref of the source that is there, or was. Undefined when it cannot be read. */
async function readSource(deps: WatcherDeps, watch: Watch, signal: AbortSignal): Promise<readonly Seen[] | undefined> {
  const found = await readable(watch, signal, () => deps.heads.list(watch.source, signal));
  if (found === undefined) return undefined;
  const { heads, missing } = found;
  watch.say(missing);
  watch.found(heads);
  const known = [...watch.refs(), ...(watch.isFirstLook ? await recordedRefs(deps, watch) : [])];
  const absent = [...new Set(known)].filter((ref) => !heads.some((head) => head.ref === ref));
  const gone = await readable(watch, signal, () => reallyGone(deps, watch, { absent, signal }));
  return gone?.map((ref): Seen => ({ ref, commit: null })).concat(heads);
}

async function readable<T>(watch: Watch, signal: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted) throw error;
    watch.failed(error);
    return undefined;
  }
}

/** Refs that were there when we last ran. Where HEAD says what is watched, only of deleted ones is known which they were. */
async function recordedRefs({ ledger }: WatcherDeps, { source: { name, pattern } }: Watch): Promise<readonly string[]> {
  const refs = [...(await refsToTell(ledger, name))];
  if (pattern === undefined) return refs;
  const matches = refMatcher(pattern);
  for await (const { source, ref } of ledger.refs()) if (source === name && matches(ref)) refs.push(ref);
  return refs;
}

/** Of refs that were not found, those that are gone: HEAD may just name another branch now, and the one it left is there. */
async function reallyGone(
  { heads }: WatcherDeps,
  watch: Watch,
  { absent, signal }: { absent: readonly string[]; signal: AbortSignal },
): Promise<readonly string[]> {
  if (watch.source.pattern !== undefined) return absent;
  const gone: string[] = [];
  for (const ref of absent) {
    const isThere = ref === 'HEAD' || (await heads.list({ ...watch.source, pattern: ref }, signal)).heads.length > 0;
    if (isThere) watch.forget(ref);
    else gone.push(ref);
  }
  return gone;
}

async function moved(deps: WatcherDeps, watch: Watch, { ref, commit }: Seen): Promise<Move[]> {
  let previous = watch.change(ref);
  if (previous === undefined) {
    previous = await deps.ledger.newestChange(watch.source.name, ref);
    // A request has a ref of its own, which no repository has.
    if (commit === null && (previous === undefined || previous.kind === 'requested')) return [];
    const untold = await untoldChanges(deps.ledger, previous);
    // What it moved to meanwhile is seen by the look after this has been told.
    if (untold.length > 0) return [{ watch, ref, kind: 'untold', changes: untold }];
    if (previous !== undefined) watch.recorded(previous);
  }
  return previous?.commit === commit && !isLeftAlone(deps, previous)
    ? []
    : [{ watch, ref, kind: 'moved', commit, previous }];
}

/** A head that an earlier start took as the place to start from, and that this one is to build. */
const isLeftAlone = ({ from }: WatcherDeps, previous: ChangeRecord | undefined): boolean =>
  previous?.kind === 'baseline' && from === 'head';
