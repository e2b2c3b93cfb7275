import { formatImageReference, withDigest } from './image-reference';
import type { ImageReference } from './image-reference';
import { parseManifest } from './manifest';
import type { ImageManifest } from './manifest';
import { hostPlatform, resolvePlatform } from './platform';
import type { Platform } from './platform';
import type { RegistryClient } from './registry-client';
import { UnsupportedImageError } from './registry-errors';

/** An index may list indexes; deeper than this it is a trap. */
const maxDepth = 3;

/** One platform's image: its manifest, pinned. */
export type ResolvedImage = {
  reference: ImageReference & { digest: string };
  /** What the name itself leads to: the index, where it lists several platforms. */
  namedDigest: string;
  mediaType: string;
  manifest: ImageManifest;
};

/**
 * The manifest of one platform's image: what the reference names, or what its index lists for the platform (default: Linux
 * on this machine's processor). @throws ImageNotFoundError, PlatformNotFoundError, UnsupportedImageError
 */
export async function resolveImage(
  client: RegistryClient,
  { reference, platform = hostPlatform() }: { reference: ImageReference; platform?: Platform },
  signal: AbortSignal,
): Promise<ResolvedImage> {
  const name = formatImageReference(reference);
  let current = reference;
  let namedDigest: string | undefined;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const content = await client.manifest(current, signal);
    const pinned = withDigest(reference, content.digest);
    namedDigest ??= content.digest;
    const parsed = parseManifest(content);
    if (parsed.kind === 'image')
      return { reference: pinned, namedDigest, mediaType: content.mediaType, manifest: parsed.manifest };
    current = withDigest(reference, resolvePlatform(parsed.index, platform, name).digest);
  }
  throw new UnsupportedImageError(`${name}: indexes within indexes, ${maxDepth} deep`);
}
