import type { BuildProgress } from '@keelson/builders';
import { newestBases } from '@keelson/ledger';
import type { BaseRecord, BuildReport, NewestBases } from '@keelson/ledger';
import { movableName, parseImageReference } from '@keelson/registry';
import type { ManifestHead } from '@keelson/registry';
import type { JobDeps } from './build-kind';

/** That a base's digest is not known fails nothing, but its moves go unnoticed: a registry with much to do is waited for. */
const patienceMs = 30_000;

type Told = Pick<BuildProgress, 'bases'> & { startedAt: string | undefined };

/** The bases with their digests: the builder's word, else the registry's as it is now, or as it was when it moved during the build. */
export async function baseDigests(
  deps: JobDeps,
  { bases, startedAt }: Told,
  signal: AbortSignal,
): Promise<BuildReport['bases']> {
  const untold = bases.some(({ digest }) => digest === undefined);
  const newest: NewestBases = untold && startedAt !== undefined ? await newestBases(deps.ledger) : new Map();
  return Promise.all(
    bases.map(async ({ reference, digest }) => {
      const found = digest ?? (await lookUpBase(deps, reference, signal))?.digest;
      const known = digest ?? before(newest.get(movableName(reference) ?? ''), { found, startedAt });
      return { reference, ...(known === undefined ? {} : { digest: known }) };
    }),
  );
}

/** Nobody knows whether the builder read a base before it moved: taken for read before, it is built once too often, not once too seldom. */
function before(
  newest: BaseRecord | undefined,
  { found, startedAt = '' }: { found: string | undefined; startedAt: string | undefined },
): string | undefined {
  if (newest === undefined || newest.digest !== found) return found;
  return Date.parse(newest.seenAt) > Date.parse(startedAt) ? (newest.previous ?? found) : found;
}

/** What the base's registry says of it; undefined where it says nothing that helps. */
export async function lookUpBase(
  { client }: JobDeps,
  reference: string,
  signal: AbortSignal,
): Promise<ManifestHead | undefined> {
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
    return await client.head(parseImageReference(reference), soon);
  } catch {
    signal.throwIfAborted();
    return undefined; // no such image, no login, no answer: the builder itself has told of what matters
  }
}
