import type { RunFacts } from './run-facts';

export type KeepRules = {
  /** Of each ref, so many of its newest runs. */
  keep: number;
  olderThanMs: number;
  nowMs: number;
  /** Whether a ref is there no more: nothing of it is kept for being its newest. */
  isGone: (of: Pick<RunFacts, 'source' | 'ref'>) => boolean;
};

/** `firm`: kept whatever the budget says. `soft`: kept by number or age alone. `loose`: kept by nothing. */
export type Hold = 'firm' | 'soft' | 'loose';

const firmness: readonly Hold[] = ['loose', 'soft', 'firm'];

export const firmer = (one: Hold, other: Hold): Hold => (firmness.indexOf(one) > firmness.indexOf(other) ? one : other);

const dayMs = 86_400_000;

/** How firmly each run is held. */
export function holds(runs: readonly RunFacts[], rules: KeepRules): ReadonlyMap<RunFacts, Hold> {
  const byRef = new Map<string, RunFacts[]>();
  for (const run of runs) {
    const key = `${run.source}^${run.ref}`;
    byRef.set(key, [...(byRef.get(key) ?? []), run]);
  }
  // A run that has not ended may have found there what another one pushed of the same commit.
  const open = new Set(runs.filter(({ hasEnded }) => !hasEnded).map(commitOf));
  const held = new Map<RunFacts, Hold>();
  for (const ofRef of byRef.values()) {
    const newestFirst = [...ofRef].sort((a, b) => b.sequence - a.sequence);
    const lastGreen = newestFirst.find(({ isGreen }) => isGreen);
    for (const [place, run] of newestFirst.entries())
      held.set(run, open.has(commitOf(run)) ? 'firm' : holdOf(run, { place, lastGreen }, rules));
  }
  return held;
}

const commitOf = ({ source, commit }: RunFacts): string => `${source}^${commit}`;

/** How firmly something is held that no ref names, as a cached layer. */
export function holdByAge(atMs: number, { olderThanMs, nowMs }: Pick<KeepRules, 'olderThanMs' | 'nowMs'>): Hold {
  const ageMs = nowMs - atMs;
  if (ageMs < Math.min(dayMs, olderThanMs)) return 'firm';
  return ageMs < olderThanMs ? 'soft' : 'loose';
}

function holdOf(
  run: RunFacts,
  { place, lastGreen }: { place: number; lastGreen: RunFacts | undefined },
  rules: KeepRules,
): Hold {
  const byAge = holdByAge(run.atMs, rules);
  if (byAge === 'firm' || rules.isGone(run)) return byAge;
  if (place === 0 || run === lastGreen) return 'firm';
  return place < rules.keep ? 'soft' : byAge;
}
