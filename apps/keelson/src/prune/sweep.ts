import { parseRepository, RegistryProtocolError, withDigest } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import type { Garbage } from './prune-plan';
import { UsageError } from '../usage-error';

export type SweepMeans = {
  client: RegistryClient;
  /** Removes those of a repository's blobs that none of its manifests names; undefined where the registry collects by itself. */
  removeBlobs: (repository: string, digests: readonly string[], signal: AbortSignal) => Promise<void>;
};

/**
 * Removes what a plan lets go of. An index goes before its images, and the blobs of a repository last: cut short, the next call goes on.
 * @throws UsageError when the registry does not allow it
 */
export async function sweep(means: SweepMeans, garbage: readonly Garbage[], signal: AbortSignal): Promise<void> {
  const blobs = new Map<string, Set<string>>();
  for (const { content } of garbage) {
    const { repository, manifests, sizes } = content;
    for (const digest of manifests) await removeManifest(means, { repository, digest }, signal);
    const of = blobs.get(repository) ?? new Set();
    for (const digest of sizes.keys()) of.add(digest);
    blobs.set(repository, of);
  }
  for (const [repository, digests] of blobs) await means.removeBlobs(repository, [...digests], signal);
}

async function removeManifest(
  { client }: SweepMeans,
  { repository, digest }: { repository: string; digest: string },
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.deleteManifest(withDigest(parseRepository(repository), digest), signal);
  } catch (error) {
    if (!(error instanceof RegistryProtocolError)) throw error;
    throw new UsageError(`nothing can be removed there: ${error.message}`, { cause: error });
  }
}
