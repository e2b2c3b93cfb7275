import type { BuildProgress } from '@keelson/builders';
import type { BuildReport } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import type { ManifestHead } from '@keelson/registry';
import type { JobDeps } from './build-kind';

/** That a base's digest is not known fails nothing, but its moves go unnoticed: a registry with much to do is waited for. */
const patienceMs = 30_000;

/** The bases with their digests: the builder's word, else the registry's as it is now. */
export async function baseDigests(
  deps: JobDeps,
  { bases }: Pick<BuildProgress, 'bases'>,
  signal: AbortSignal,
): Promise<BuildReport['bases']> {
  return Promise.all(
    bases.map(async ({ reference, digest }) => {
      const known = digest ?? (await lookUpBase(deps, reference, signal))?.digest;
      return { reference, ...(known === undefined ? {} : { digest: known }) };
    }),
  );
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
