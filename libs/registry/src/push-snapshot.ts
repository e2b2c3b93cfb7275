import { sha256Of } from './digest';
import { formatImageReference, parseRepository, withDigest } from './image-reference';
import type { ImageReference, Repository } from './image-reference';
import { inParallel } from './in-parallel';
import type { LayerSource } from './layer';
import type { ManifestContent } from './manifest';
import { mediaTypes } from './media-types';
import { putStored, redoWhenMissing } from './put-stored';
import type { RegistryClient } from './registry-client';

export type SnapshotRequest = {
  /** `registry/repository`. */
  repository: string;
  layer: LayerSource;
  /** `application/vnd.keelson.source.v1`. */
  artifactType: string;
  /** Of the manifest: source, revision, ref and time of the commit. */
  annotations: Readonly<Record<string, string>>;
  /** Default: none, the snapshot is known by its digest. */
  tag?: string;
  signal: AbortSignal;
};

/** What is pushed: the reference carries the digest, and the registry by its pull name. */
export type Snapshot = { reference: string; digest: string };

// An artefact without a configuration has this one. https://github.com/opencontainers/image-spec/blob/main/manifest.md
const empty = Buffer.from('{}');
const emptyDescriptor = { mediaType: mediaTypes.ociEmpty, digest: sha256Of(empty), size: empty.byteLength };

/**
 * Pushes a tree as an OCI artefact. A layer that the repository has already is not sent again: only the manifest is, for
 * it tells the commit. The same layer and annotations give the same digest. @throws as RegistryClient, and what `open` throws
 */
export async function pushSnapshot(client: RegistryClient, request: SnapshotRequest): Promise<Snapshot> {
  const target = parseRepository(request.repository);
  const content = manifestOf(request);
  const pinned = withDigest(target, content.digest);
  const name = request.tag === undefined ? pinned : { ...target, tag: request.tag };
  await redoWhenMissing(client, target, () => pushOnce(client, { request, target, content, name }));
  return {
    reference: formatImageReference({ ...pinned, registry: client.pullName(target.registry) }),
    digest: content.digest,
  };
}

type Push = { request: SnapshotRequest; target: Repository; content: ManifestContent; name: ImageReference };

async function pushOnce(client: RegistryClient, { request, target, content, name }: Push): Promise<void> {
  const { layer, signal } = request;
  const tasks = [
    async (inner: AbortSignal) => {
      if (!(await client.hasBlob(target, layer.digest, inner))) await client.putBlob(target, layer, inner);
    },
    async (inner: AbortSignal) => {
      if (await client.hasBlob(target, emptyDescriptor.digest, inner)) return;
      await putStored(client, { target, digest: emptyDescriptor.digest, bytes: empty }, inner);
    },
  ];
  await inParallel(tasks, { limit: tasks.length, signal });
  await client.putManifest(name, content, signal);
}

function manifestOf({ layer, artifactType, annotations }: SnapshotRequest): ManifestContent {
  const { mediaType, digest, sizeBytes: size } = layer;
  const sorted = Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  const document = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType,
    config: emptyDescriptor,
    layers: [{ mediaType, digest, size }],
    annotations: Object.fromEntries(sorted),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: sha256Of(bytes), mediaType: mediaTypes.ociManifest, bytes };
}
