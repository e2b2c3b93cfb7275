import type { BuildProgress } from '@keelson/builders';
import type { BuildReport } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';

/** A registry that does not answer at once is not waited for: that a base's digest is not known fails nothing. */
const patienceMs = 5_000;

/** The bases with their digests: the builder's word, else the registry's as it is now. */
export async function baseDigests(
  { client }: JobDeps,
  { bases }: Pick<BuildProgress, 'bases'>,
  signal: AbortSignal,
): Promise<BuildReport['bases']> {
  return Promise.all(
    bases.map(async ({ reference, digest }) => {
      const known = digest ?? (await lookUp(reference));
      return { reference, ...(known === undefined ? {} : { digest: known }) };
    }),
  );

  async function lookUp(reference: string): Promise<string | undefined> {
    try {
      const soon = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
      return (await client.head(parseImageReference(reference), soon))?.digest;
    } catch {
      signal.throwIfAborted();
      return undefined; // no such image, no login, no answer: the builder itself has told of what matters
    }
  }
}
