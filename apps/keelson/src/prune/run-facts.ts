import { builders, strategyName } from '@keelson/builders';
import { viewRun } from '@keelson/ledger';
import type { BuildReport, Ledger } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';

/** Something of a run's that lies in a registry: a manifest, by repository and digest. */
export type Pushed = { repository: string; digest: string };

/** What of a run decides whether it is kept, and what it has in registries. */
export type RunFacts = {
  run: string;
  name: string;
  source: string;
  ref: string;
  commit: string;
  sequence: number;
  /** When it was last heard of, milliseconds since the epoch. */
  atMs: number;
  hasEnded: boolean;
  isGreen: boolean;
  image: readonly Pushed[];
  snapshot: readonly Pushed[];
  /** Whether a builder with a cache made its image. */
  isCached: boolean;
  /** Bases that it was built on by copies of them, as the originals are called. */
  copiedBases: readonly { reference: string; digest: string }[];
  /** Tags that are its own, by repository. */
  tags: readonly { repository: string; tag: string }[];
};

/** A run from its records; undefined when it has none yet. */
export async function runFacts(ledger: Ledger, run: string): Promise<RunFacts | undefined> {
  const view = await viewRun(ledger, run);
  const last = view?.attempts.at(-1);
  if (view === undefined || last === undefined) return undefined;
  const images = view.attempts.flatMap(({ image }) => (image === undefined ? [] : [image]));
  const snapshots = view.attempts.flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot]));
  const { name, source, ref, commit, sequence } = view;
  return {
    ...{ run, name, source, ref, commit, sequence },
    atMs: Date.parse(last.endedAt ?? last.openedAt ?? view.attempts[0]?.openedAt ?? '') || Date.now(),
    hasEnded: view.outcome !== 'running',
    isGreen: view.outcome === 'success',
    image: images.map(({ repository, digest }) => ({ repository, digest })),
    isCached: view.attempts.some(({ build }) => build !== undefined && build.strategy !== 'append'),
    copiedBases: view.attempts.flatMap(({ build }) => (build === undefined ? [] : copiedBases(build))),
    snapshot: snapshots.map(({ reference, digest }) => ({ repository: repositoryOf(reference), digest })),
    tags: images.flatMap(({ repository, tags }) => tags.map((tag) => ({ repository, tag }))),
  };
}

function copiedBases({ strategy, bases }: BuildReport): RunFacts['copiedBases'] {
  const builder = strategyName.safeParse(strategy).data;
  if (builder === undefined || !builders[builder].readsDockerOnly) return [];
  return bases.flatMap(({ reference, digest }) => (digest === undefined ? [] : [{ reference, digest }]));
}

function repositoryOf(reference: string): string {
  const { registry, repository } = parseImageReference(reference);
  return `${registry}/${repository}`;
}

/** All runs that have a record, oldest first. */
export async function allFacts(ledger: Ledger, signal: AbortSignal): Promise<readonly RunFacts[]> {
  const facts: RunFacts[] = [];
  for (const run of await ledger.runs()) {
    signal.throwIfAborted();
    const known = await runFacts(ledger, run);
    if (known !== undefined) facts.push(known);
  }
  return facts;
}
