import { sha256Of } from './digest';
import { parseManifest } from './manifest';
import type { Descriptor, ImageIndex, ManifestContent } from './manifest';
import { asPlatform, fits, formatPlatform, platformNotFound } from './platform';
import type { Platform } from './platform';

/** BuildKit lists an attestation as an image of no platform, and names here which image it is about. */
const aboutAnnotation = 'vnd.docker.reference.digest';

/**
 * What of an index is wanted: of one platform its image, of several an index that lists these and what is attested of them. An image that
 * is for one platform anyway is wanted as it is. @throws PlatformNotFoundError that names the platforms there are
 */
export function chosenPlatforms(
  content: ManifestContent,
  { platforms, name }: { platforms: readonly Platform[]; name: string },
): ManifestContent | { only: string } {
  const parsed = parseManifest(content);
  if (parsed.kind === 'image' || platforms.length === 0) return content;
  const { index } = parsed;
  const images = platforms.flatMap((wanted) => imagesFor(index, wanted, name));
  const digests = new Set(images.map(({ digest }) => digest));
  const [only, ...others] = digests;
  if (only !== undefined && others.length === 0) return { only };
  const isWanted = ({ digest, annotations }: Descriptor) =>
    digests.has(digest) || digests.has(annotations?.[aboutAnnotation] ?? '');
  const bytes = Buffer.from(JSON.stringify({ ...index, manifests: index.manifests.filter(isWanted) }));
  return { digest: sha256Of(bytes), mediaType: content.mediaType, bytes };
}

function imagesFor({ manifests }: ImageIndex, wanted: Platform, name: string): readonly Descriptor[] {
  const found = manifests.filter(({ platform }) => platform && fits(platform, wanted));
  if (found.length > 0) return found;
  const there = manifests.flatMap(({ platform }) =>
    !platform || platform.os === 'unknown' ? [] : [formatPlatform(asPlatform(platform))],
  );
  throw platformNotFound(name, wanted, [...new Set(there)]);
}
