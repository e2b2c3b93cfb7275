import { bringLayer } from './bring-layer';
import type { ImageReference, Repository } from './image-reference';
import { withDigest } from './image-reference';
import { inParallel } from './in-parallel';
import { parseManifest } from './manifest';
import type { Descriptor } from './manifest';
import type { RegistryClient } from './registry-client';
import { MissingBlobError } from './registry-errors';

const atOnce = 4;

type Copy = { from: ImageReference; to: ImageReference };

/**
 * Makes an image, or an index with all its images, appear under another name: blobs mounted within one registry, else streamed
 * from the one to the other without touching a disk; the tag last. The bytes are the same, and so is the digest.
 * @throws ImageNotFoundError, and what the client throws
 */
export async function copyImage(client: RegistryClient, { from, to }: Copy, signal: AbortSignal): Promise<string> {
  const content = await client.manifest(from, signal);
  const parsed = parseManifest(content);
  if (parsed.kind === 'index') {
    for (const { digest } of parsed.index.manifests)
      await copyImage(client, { from: withDigest(from, digest), to: withDigest(to, digest) }, signal);
    await client.putManifest(to, content, signal);
    return content.digest;
  }
  const blobs = [parsed.manifest.config, ...parsed.manifest.layers];
  await bring(client, { from, to, blobs }, signal);
  try {
    await client.putManifest(to, content, signal);
  } catch (error) {
    if (!(error instanceof MissingBlobError)) throw error;
    client.forgetBlobs(to); // what was seen there a while ago is gone: once more, from what is really there
    await bring(client, { from, to, blobs }, signal);
    await client.putManifest(to, content, signal);
  }
  return content.digest;
}

type Bringing = { from: Repository; to: Repository; blobs: readonly Descriptor[] };

function bring(client: RegistryClient, { from, to, blobs }: Bringing, signal: AbortSignal): Promise<void> {
  const once = new Map(blobs.map((blob) => [blob.digest, blob]));
  const tasks = [...once.values()].map(
    ({ digest, size: sizeBytes }) =>
      (task: AbortSignal) =>
        bringLayer(client, { digest, sizeBytes, from, target: to }, task),
  );
  return inParallel(tasks, { limit: atOnce, signal });
}
