import { bringLayer } from './bring-layer';
import { sha256Of } from './digest';
import type { ImageReference } from './image-reference';
import { formatImageReference } from './image-reference';
import { inParallel } from './in-parallel';
import { layerTypeFor, mediaTypes } from './media-types';
import type { Platform } from './platform';
import { redoWhenMissing } from './put-stored';
import type { RegistryClient } from './registry-client';
import { UnsupportedImageError } from './registry-errors';
import { resolveImage } from './resolve-image';
import type { ResolvedImage } from './resolve-image';

const atOnce = 4;
const dockerGzip = `${mediaTypes.dockerLayer}.gzip`;

type Offer = { from: ImageReference; to: ImageReference; platform?: Platform };

/**
 * Makes one platform's image appear under another name in Docker's format (schema 2), for tools that read no other: the same blobs, mounted or
 * streamed, under a manifest of that format. Annotations are left out, there is no place for them.
 * @returns the copy's digest
 * @throws ImageNotFoundError, PlatformNotFoundError; UnsupportedImageError when a layer is not compressed by gzip, as such tools expect
 */
export async function copyInDockerFormat(
  client: RegistryClient,
  { from, to, platform }: Offer,
  signal: AbortSignal,
): Promise<string> {
  const image = await resolveImage(
    client,
    { reference: from, ...(platform === undefined ? {} : { platform }) },
    signal,
  );
  const bytes = Buffer.from(JSON.stringify(dockerManifest(image)));
  const content = { mediaType: mediaTypes.dockerManifest, bytes };
  const blobs = [image.manifest.config, ...image.manifest.layers];
  const once = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  await redoWhenMissing(client, to, async () => {
    const tasks = once.map(
      ({ digest, size: sizeBytes }) =>
        (task: AbortSignal) =>
          bringLayer(client, { digest, sizeBytes, from, target: to }, task),
    );
    await inParallel(tasks, { limit: atOnce, signal });
    await client.putManifest(to, content, signal);
  });
  return sha256Of(bytes);
}

function dockerManifest({ reference, manifest }: ResolvedImage): object {
  const { config, layers } = manifest;
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.dockerManifest,
    config: { mediaType: mediaTypes.dockerConfig, size: config.size, digest: config.digest },
    layers: layers.map(({ mediaType, size, digest }) => {
      const type = layerTypeFor(mediaTypes.dockerManifest, mediaType);
      if (type === dockerGzip) return { mediaType: type, size, digest };
      const name = formatImageReference(reference);
      throw new UnsupportedImageError(
        `the layer ${digest} of ${name} is ${mediaType}: in Docker's format layers are compressed by gzip`,
      );
    }),
  };
}
