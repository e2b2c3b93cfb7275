import { z } from 'zod';
import { isDigest } from './image-reference';
import { isDockerSchema1, mediaTypes } from './media-types';
import { RegistryProtocolError, UnsupportedImageError } from './registry-errors';
import { parseJson } from './reply-body';

// Loose everywhere: what we do not know of a base image is handed on as it is. https://github.com/opencontainers/image-spec
const digestText = z.string().refine(isDigest, 'no digest');
const texts = z.record(z.string(), z.string());

const platformSchema = z.looseObject({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
});

const descriptorSchema = z.looseObject({
  mediaType: z.string().min(1),
  size: z.int().min(0),
  digest: digestText,
  annotations: texts.nullish(),
  platform: platformSchema.nullish(),
});
/** Names content by digest, size and media type, as manifests do. */
export type Descriptor = z.infer<typeof descriptorSchema>;

const imageManifestSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(1000),
  annotations: texts.nullish(),
});
export type ImageManifest = z.infer<typeof imageManifestSchema>;

const imageIndexSchema = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(descriptorSchema).max(10_000),
});
export type ImageIndex = z.infer<typeof imageIndexSchema>;

/** A manifest's bytes as the registry keeps them: its digest is over these. */
export type ManifestContent = { digest: string; mediaType: string; bytes: Uint8Array };

const kinds: Record<string, 'image' | 'index'> = {
  [mediaTypes.ociManifest]: 'image',
  [mediaTypes.dockerManifest]: 'image',
  [mediaTypes.ociIndex]: 'index',
  [mediaTypes.dockerIndex]: 'index',
};

/**
 * Reads a manifest as what its media type says it is.
 * @throws UnsupportedImageError for media types other than OCI's and Docker schema 2, RegistryProtocolError when malformed
 */
export function parseManifest(
  content: ManifestContent,
): { kind: 'image'; manifest: ImageManifest } | { kind: 'index'; index: ImageIndex } {
  const { digest, mediaType, bytes } = content;
  const kind = kinds[mediaType];
  if (kind === undefined) {
    const why = isDockerSchema1(mediaType) ? 'Docker schema 1; push the image again with a current tool' : mediaType;
    throw new UnsupportedImageError(`the manifest ${digest} has a format that is not supported: ${why}`);
  }
  if (kind === 'index')
    return { kind, index: unambiguous(parseJson(bytes, imageIndexSchema, digest), content, 'layers') };
  return { kind, manifest: unambiguous(parseJson(bytes, imageManifestSchema, digest), content, 'manifests') };
}

/** The media type of a manifest whose reply had none worth the name. */
export function mediaTypeOf(bytes: Uint8Array, contentType: string | undefined, what: string): string {
  const named = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (named.startsWith('application/vnd.')) return named;
  const shape = z.looseObject({ mediaType: z.string().optional(), manifests: z.unknown().optional() });
  const { mediaType, manifests } = parseJson(bytes, shape, what);
  return mediaType ?? (manifests === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex);
}

/** Bytes that two readers could take for two different images are refused (OCI advisory GHSA-mc8v-mgrf-8f4m). */
function unambiguous<T extends { mediaType?: string | undefined }>(
  document: T,
  { digest, mediaType }: ManifestContent,
  foreignField: string,
): T {
  const says = document.mediaType;
  if ((says === undefined || says === mediaType) && !(foreignField in document)) return document;
  throw new RegistryProtocolError(
    `the manifest ${digest} can be read in two ways: as ${mediaType} and as ${says ?? 'another type'}`,
  );
}
