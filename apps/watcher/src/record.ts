import { newRunId } from '@keelson/events';
import { changeKey, runName } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { instant } from './deps';
import type { WatcherDeps } from './deps';
import type { Move } from './look';
import { untold, untoldKey } from './untold';

type Moved = Extract<Move, { kind: 'moved' }>;

/**
 * Writes what a ref moved over, before anybody hears of it: one record for each value it had, the last one last.
 * Returns the records that stand. When another watcher was first, what it wrote stands, and the next look sees the rest.
 */
export async function recordMove(
  deps: WatcherDeps,
  move: Moved,
  signal: AbortSignal,
): Promise<readonly ChangeRecord[]> {
  const recorded: ChangeRecord[] = [];
  let previous = move.previous;
  for (const commit of await valuesOf(deps, move, signal)) {
    const change = await changeOf(deps, { ...move, commit, previous }, signal);
    // First, for no service begins to work on a deletion: a record alone would not show whether it was told.
    if (commit === null) await deps.ledger.write(untoldKey(change), untold(change));
    const { record } = await deps.ledger.write(changeKey(change.source, change.ref, change.sequence), change);
    if (commit === null && record.run !== change.run) await deps.ledger.close(untoldKey(change));
    recorded.push(record);
    if (record.commit !== commit) break;
    previous = record;
  }
  return recorded;
}

/** The values the ref had since the last record, the present one last; in between only those that a forced move left behind. */
async function valuesOf(deps: WatcherDeps, move: Moved, signal: AbortSignal): Promise<readonly (string | null)[]> {
  const { ref, commit, previous } = move;
  if (commit === null || previous?.commit == null || previous.commit === commit) return [commit];
  const step = { ref, from: previous.commit, to: commit, fromSeenAtMs: Date.parse(previous.seenAt) };
  const left = await deps.heads.leftBehind(move.watch.source, step, signal);
  if (left.length === 0) return [commit];
  const recorded = await recordedJustBefore(deps, previous);
  return [...left.filter((value) => !recorded.has(value)), commit];
}

/** Values whose records are hardly older than this one: the reflog, which knows whole seconds, may take them for newer. */
async function recordedJustBefore({ ledger }: WatcherDeps, newest: ChangeRecord): Promise<ReadonlySet<string | null>> {
  const values = new Set<string | null>();
  for (let sequence = newest.sequence - 1; sequence >= 1; sequence -= 1) {
    const change = await ledger.read(changeKey(newest.source, newest.ref, sequence));
    if (change === undefined || Math.abs(Date.parse(newest.seenAt) - Date.parse(change.seenAt)) > 2000) break;
    values.add(change.commit);
  }
  return values;
}

async function changeOf(deps: WatcherDeps, move: Moved, signal: AbortSignal): Promise<ChangeRecord> {
  const { ref, commit, previous } = move;
  const source = move.watch.source.name;
  const run = newRunId();
  const history = await historyOf(deps, move, signal);
  return {
    ...{ run, name: runName(run), source, ref, commit, previous: previous?.commit ?? null },
    ...{ sequence: (previous?.sequence ?? 0) + 1, seenAt: instant(deps.clock()), ...history },
  };
}

async function historyOf(
  deps: WatcherDeps,
  move: Moved,
  signal: AbortSignal,
): Promise<Pick<ChangeRecord, 'kind' | 'contained'>> {
  const { commit, previous } = move;
  if (commit === null) return { kind: 'deleted', contained: [] };
  if (previous === undefined)
    return { kind: deps.from === 'now' && move.watch.wasThereFirst(move.ref) ? 'baseline' : 'created', contained: [] };
  // A recreated branch goes on where the deleted one was last seen.
  const from = previous.commit ?? previous.previous;
  if (from === null) return { kind: 'created', contained: [] };
  const history = await deps.heads.history(move.watch.source, { from, to: commit, ref: move.ref }, signal);
  return { kind: history.isForced ? 'forced' : 'advanced', contained: history.between };
}
