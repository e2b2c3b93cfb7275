import { bringLayer } from './bring-layer';
import type { Brought } from './bring-layer';
import { chosenPlatforms } from './chosen-platforms';
import type { ImageReference, Repository } from './image-reference';
import { formatImageReference, withDigest } from './image-reference';
import { inParallel } from './in-parallel';
import { parseManifest } from './manifest';
import type { Descriptor, ImageManifest, ManifestContent } from './manifest';
import { isForeignLayer } from './media-types';
import type { Platform } from './platform';
import type { RegistryClient } from './registry-client';
import { MissingBlobError } from './registry-errors';

const atOnce = 4;

export type CopyRequest = {
  from: ImageReference;
  to: ImageReference;
  /** Of an index, which images; default: all. */
  platforms?: readonly Platform[];
  /** Told of each blob that is there now. */
  brought?: (blob: { digest: string; sizeBytes: number; how: Brought }) => void;
};

/**
 * Makes an image, or an index with all its images, appear under another name: blobs mounted within one registry, else streamed
 * from the one to the other without touching a disk; the tag last. The bytes are the same, and so is the digest; only an index of which some
 * platforms are wanted gets another one. What is there already is not sent again. Returns the digest.
 * @throws ImageNotFoundError, PlatformNotFoundError, and what the client throws
 */
export async function copyImage(client: RegistryClient, request: CopyRequest, signal: AbortSignal): Promise<string> {
  const content = await contentToCopy(client, request, signal);
  await copyContent(client, { ...request, content }, signal);
  return content.digest;
}

/** The manifest or index as it will be under the other name. @throws as copyImage */
export async function contentToCopy(
  client: RegistryClient,
  { from, platforms = [] }: Pick<CopyRequest, 'from' | 'platforms'>,
  signal: AbortSignal,
): Promise<ManifestContent> {
  const content = await client.manifest(from, signal);
  const chosen = chosenPlatforms(content, { platforms, name: formatImageReference(from) });
  return 'only' in chosen ? client.manifest(withDigest(from, chosen.only), signal) : chosen;
}

/** What is copied is this very content, whatever the name it was found under means by now. */
export type ContentCopy = Omit<CopyRequest, 'platforms'> & { content: ManifestContent };

/** As copyImage, of a manifest or index that has been read. */
export async function copyContent(client: RegistryClient, copy: ContentCopy, signal: AbortSignal): Promise<void> {
  const { from, to, content } = copy;
  const parsed = parseManifest(content);
  if (parsed.kind === 'index') {
    for (const { digest } of parsed.index.manifests) await copyChild(client, { copy, digest }, signal);
    await client.putManifest(to, content, signal);
    return;
  }
  const blobs = blobsOf(parsed.manifest);
  const bringing = { ...copy, from, to, blobs };
  await bring(client, bringing, signal);
  try {
    await client.putManifest(to, content, signal);
  } catch (error) {
    if (!(error instanceof MissingBlobError)) throw error;
    client.forgetBlobs(to); // what was seen there a while ago is gone: once more, from what is really there
    await bring(client, bringing, signal);
    await client.putManifest(to, content, signal);
  }
}

/** A manifest is taken by a registry only when all that it names is there: then so is what it names. */
async function copyChild(
  client: RegistryClient,
  { copy, digest }: { copy: ContentCopy; digest: string },
  signal: AbortSignal,
): Promise<void> {
  const [from, to] = [withDigest(copy.from, digest), withDigest(copy.to, digest)];
  if ((await client.head(to, signal)) !== undefined) return;
  const content = await client.manifest(from, signal);
  await copyContent(client, { ...copy, from, to, content }, signal);
}

/** What of an image a registry holds. */
export const blobsOf = ({ config, layers }: ImageManifest): readonly Descriptor[] => [
  config,
  ...layers.filter(({ mediaType }) => !isForeignLayer(mediaType)),
];

type Bringing = Pick<ContentCopy, 'brought'> & { from: Repository; to: Repository; blobs: readonly Descriptor[] };

function bring(client: RegistryClient, { from, to, blobs, brought }: Bringing, signal: AbortSignal): Promise<void> {
  const once = new Map(blobs.map((blob) => [blob.digest, blob]));
  const tasks = [...once.values()].map(({ digest, size: sizeBytes }) => async (task: AbortSignal) => {
    const how = await bringLayer(client, { digest, sizeBytes, from, target: to }, task);
    brought?.({ digest, sizeBytes, how });
  });
  return inParallel(tasks, { limit: atOnce, signal });
}
