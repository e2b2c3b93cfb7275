import { beginKey, changeKey, endKey, stageEndedKey } from './keys';
import type { Ledger } from './ledger';
import type { ChangeRecord, EndRecord } from './records';
import { someAtOnce } from './some-at-once';

/** What can become of a commit. Every commit seen is exactly one of these. */
export const fates = [
  'built',
  'contained',
  'superseded',
  'skipped',
  'failed',
  'error',
  'cancelled',
  'parked',
  'running',
] as const;
export type Fate = (typeof fates)[number];

/** What the account cannot prove, by the record that is missing or wrong. */
export type Unexplained = { what: string; source: string; ref: string; sequence: number };

export type Account = {
  /** Commits that a ref was seen to move over. */
  seen: number;
  fates: Record<Fate, number>;
  /** Refs that were seen to disappear; they are no commits. */
  deletions: number;
  unexplained: readonly Unexplained[];
  balanced: boolean;
};

/** Proves what became of every commit ever seen, or names what is missing. */
export async function account(ledger: Ledger): Promise<Account> {
  const { places, holes } = await changesOf(ledger);
  const parts = await someAtOnce(places, (place) => partOf(ledger, place));
  const counts = Object.fromEntries(fates.map((fate) => [fate, 0])) as Record<Fate, number>;
  for (const { fate, contained } of parts) {
    counts.contained += contained;
    if (fate !== undefined) counts[fate] += 1;
  }
  const unexplained = [...holes, ...parts.flatMap(({ missing }) => missing ?? [])];
  const seen = parts.reduce((sum, part) => sum + part.seen, 0);
  const deletions = parts.filter(({ isDeletion }) => isDeletion).length;
  const explained = fates.reduce((sum, fate) => sum + counts[fate], 0);
  return { seen, fates: counts, deletions, unexplained, balanced: unexplained.length === 0 && seen === explained };
}

type Place = { source: string; ref: string; sequence: number };

/** Where every change record is; a hole in a ref's sequence is a record that is missing. */
async function changesOf(ledger: Ledger): Promise<{ places: readonly Place[]; holes: readonly Unexplained[] }> {
  const [places, holes]: [Place[], Unexplained[]] = [[], []];
  for await (const { source, ref } of ledger.refs()) {
    let expected = 1;
    for await (const sequence of ledger.sequences(source, ref)) {
      for (; expected < sequence; expected += 1)
        holes.push({ what: 'the change record is missing', source, ref, sequence: expected });
      expected = sequence + 1;
      places.push({ source, ref, sequence });
    }
  }
  return { places, holes };
}

/** What one change adds to the account. */
type Part = { seen: number; contained: number; isDeletion?: boolean; fate?: Fate; missing?: Unexplained };

async function partOf(ledger: Ledger, place: Place): Promise<Part> {
  const change = await ledger.read(changeKey(place.source, place.ref, place.sequence));
  if (change === undefined || change.kind === 'baseline') return { seen: 0, contained: 0 };
  const contained = change.contained.length;
  if (change.commit === null) return { seen: contained, contained, isDeletion: true };
  const { fate, missing: what } = await fateOf(ledger, change);
  return {
    ...{ seen: contained + 1, contained },
    ...(fate === undefined ? {} : { fate }),
    ...(what === undefined ? {} : { missing: { what, ...place } }),
  };
}

async function fateOf(ledger: Ledger, change: ChangeRecord): Promise<{ fate?: Fate; missing?: string }> {
  const attempt = (await ledger.attempts(change.run)).at(-1);
  const end = attempt === undefined ? undefined : await ledger.read(endKey(change.run, attempt));
  if (end === undefined) return { fate: 'running' };
  if (end.commit !== change.commit) return { missing: `run ${change.run} ended for another commit, ${end.commit}` };
  if (end.outcome !== 'success') return { fate: namedFate(end) };
  return (await hasImage(ledger, end))
    ? { fate: 'built' }
    : { missing: `run ${change.run} is green, and no build record says which image it made` };
}

/** The reason of a run that was to make no image: its build is all there is. */
export const endsAtBuild = 'ends-at-build';

/**
 * A later attempt may start behind the build: the image is then an earlier attempt's. A run whose first attempt began behind the build is
 * of an image that somebody else pushed or told of: its commit is that image's digest (docs/adr/0007).
 */
async function hasImage(ledger: Ledger, end: EndRecord): Promise<boolean> {
  const from = (await ledger.read(beginKey(end.run, 1)))?.from;
  if (from === 'publish' || from === 'test') return true;
  for (let attempt = end.attempt; attempt >= 1; attempt -= 1) {
    const build = await ledger.read(stageEndedKey({ run: end.run, attempt, stage: 'build' }));
    if (build?.image !== undefined || build?.reason?.code === endsAtBuild) return true;
  }
  return false;
}

function namedFate(end: EndRecord): Fate {
  const code = end.reason?.code;
  if (code === 'superseded' || code === 'skipped' || code === 'parked') return code;
  return ({ failure: 'failed', error: 'error', cancel: 'cancelled', success: 'built' } as const)[end.outcome];
}
