import { formatImageReference, formatRepository } from './image-reference';
import type { ImageReference, Repository } from './image-reference';
import type { ManifestContent } from './manifest';

const maxTotalBytes = 16 * 1024 * 1024;

/**
 * Manifests and configurations that were read lately, by repository and digest: what a digest names never changes, and the
 * same base image is asked for with every commit. The oldest go when they grow too large.
 */
export class RecentContents {
  private readonly kept = new Map<string, ManifestContent>();
  private readonly tags = new Set<string>();
  private totalBytes = 0;

  get(repository: Repository, digest: string): ManifestContent | undefined {
    return this.kept.get(keyOf(repository, digest));
  }

  /** Whether the tag was read before: then it is likely to be where it was. */
  knowsTag(reference: ImageReference): boolean {
    return this.tags.has(formatImageReference(reference));
  }

  add(reference: ImageReference, content: ManifestContent): void {
    const key = keyOf(reference, content.digest);
    if (!this.kept.has(key)) this.totalBytes += content.bytes.byteLength;
    this.kept.set(key, content);
    if (reference.digest === undefined) this.tags.add(formatImageReference(reference));
    for (const [oldest, { bytes }] of this.kept) {
      if (this.totalBytes <= maxTotalBytes) break;
      this.kept.delete(oldest);
      this.totalBytes -= bytes.byteLength;
    }
    if (this.tags.size > 10_000) this.tags.clear();
  }
}

const keyOf = (repository: Repository, digest: string): string => `${formatRepository(repository)}@${digest}`;
