import { assembleImage, scratchBase } from './assemble-image';
import type { AssembledImage, BaseImage, ConfigChanges } from './assemble-image';
import { bringLayer } from './bring-layer';
import { readConfig } from './image-config';
import { formatImageReference, parseRepository, withDigest } from './image-reference';
import type { ImageReference, Repository } from './image-reference';
import { inParallel } from './in-parallel';
import type { Task } from './in-parallel';
import type { StoredLayer } from './layer';
import { isForeignLayer } from './media-types';
import { asPlatform, fits, formatPlatform, hostPlatform, platformNotFound } from './platform';
import type { Platform } from './platform';
import { putStored, redoWhenMissing } from './put-stored';
import type { RegistryClient } from './registry-client';
import { resolveImage } from './resolve-image';

export type AppendRequest = {
  base: ImageReference | 'scratch';
  /** In order, the first directly on the base; each is taken from the repository it is in. */
  layers: readonly StoredLayer[];
  /** `registry/repository`. Without tags the image is pushed by its digest. */
  target: { repository: string; tags: readonly string[] };
  config: ConfigChanges;
  /** Default: Linux on this machine's processor. */
  platform?: Platform;
  /** Called with the digest before anything points to it, while layers are still on their way; may be called again. */
  beforeTag?: (digest: string) => Promise<void>;
  signal: AbortSignal;
};

export type AppendedImage = {
  /** `registry/repository@digest`, the registry by its pull name. */
  reference: string;
  digest: string;
  mediaType: string;
  /** Of the manifest. */
  sizeBytes: number;
  /** In full, and the digest that its name led to: the index, where there is one. Missing for scratch. */
  base?: { reference: string; digest: string };
  /** What it took, token requests and repetitions included. */
  requests: number;
};

/** Mounts in flight at once. */
const width = 8;

/**
 * Puts layers on top of a base image through the registry's API alone: the base's layers are mounted, not downloaded. The
 * same input gives the same digest. What the target is known to have is not asked for; when the registry then says that
 * something is missing, everything is done again once.
 * @throws ImageNotFoundError, PlatformNotFoundError, UnsupportedImageError for the base; and as RegistryClient
 */
export async function appendImage(client: RegistryClient, request: AppendRequest): Promise<AppendedImage> {
  let requests = 0;
  const counted = client.counted(() => {
    requests += 1;
  });
  const target = parseRepository(request.target.repository);
  const { manifest, origin } = await redoWhenMissing(counted, target, () => appendOnce(counted, request, target));
  const { digest, mediaType, bytes } = manifest;
  const pulled = { ...target, registry: client.pullName(target.registry) };
  const reference = formatImageReference(withDigest(pulled, digest));
  const base = baseFound(request, origin);
  return { reference, digest, mediaType, sizeBytes: bytes.byteLength, ...base, requests };
}

function baseFound({ base }: AppendRequest, origin: BaseImage['origin']): Pick<AppendedImage, 'base'> {
  if (base === 'scratch' || origin === undefined) return {};
  return { base: { reference: formatImageReference(base), digest: origin.namedDigest } };
}

type Appended = AssembledImage & Pick<BaseImage, 'origin'>;

async function appendOnce(client: RegistryClient, request: AppendRequest, target: Repository): Promise<Appended> {
  const { layers, signal } = request;
  let assembled: Appended | undefined;
  // Our own layers need not wait for the base to be known.
  const tasks = layers.map((layer) => (inner: AbortSignal) => bringLayer(client, { ...layer, target }, inner));
  const rest = async (inner: AbortSignal) => {
    const base = await loadBase(client, request, inner);
    assembled = { ...assembleImage(base, layers, request.config), ...(base.origin && { origin: base.origin }) };
    await bringRest(client, { request, target, base, assembled }, inner);
  };
  await inParallel([rest, ...tasks], { limit: width, signal });
  if (assembled === undefined) throw new Error('unreachable: the image was not assembled, yet nothing failed');
  const names = request.target.tags.map((tag) => ({ ...target, tag }));
  const pinned = withDigest(target, assembled.manifest.digest);
  for (const name of names.length === 0 ? [pinned] : names) await client.putManifest(name, assembled.manifest, signal);
  return assembled;
}

type Parts = { request: AppendRequest; target: Repository; base: BaseImage; assembled: AssembledImage };

async function bringRest(client: RegistryClient, parts: Parts, signal: AbortSignal): Promise<void> {
  const { request, target, base, assembled } = parts;
  const from = request.base;
  const tasks: Task[] = [
    (inner) => putStored(client, { target, ...assembled.config }, inner),
    async () => request.beforeTag?.(assembled.manifest.digest),
  ];
  for (const layer of base.layers) {
    if (from === 'scratch' || isForeignLayer(layer.mediaType)) continue;
    const { digest, size: sizeBytes } = layer;
    tasks.push((inner) => bringLayer(client, { digest, sizeBytes, from, target }, inner));
  }
  await inParallel(tasks, { limit: width, signal });
}

async function loadBase(client: RegistryClient, request: AppendRequest, signal: AbortSignal): Promise<BaseImage> {
  const { base: reference, platform = hostPlatform() } = request;
  if (reference === 'scratch') return scratchBase(platform);
  const resolved = await resolveImage(client, { reference, platform }, signal);
  const config = await readConfig(client, resolved, signal);
  // A lone manifest does not say what it is for; its configuration does.
  if (!fits(config, platform)) {
    throw platformNotFound(formatImageReference(reference), platform, [formatPlatform(asPlatform(config))]);
  }
  const { registry, repository, tag } = reference;
  const name = formatImageReference(tag === undefined ? reference : { registry, repository, tag });
  const origin = { name, digest: resolved.reference.digest, namedDigest: resolved.namedDigest };
  return { mediaType: resolved.mediaType, layers: resolved.manifest.layers, config, origin };
}
