import { z } from 'zod';
import type { Digest } from './digest';
import { parseDigest } from './digest';
import { manifestInvalid } from './distribution-error';
import type { ReferrerDescriptor } from './records';

export const ociIndex = 'application/vnd.oci.image.index.v1+json';
const images: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const indexes: readonly string[] = [ociIndex, 'application/vnd.docker.distribution.manifest.list.v2+json'];
/** Layers that are kept elsewhere: a manifest may name one that the registry does not have. */
const keptElsewhere = /^application\/vnd\.(?:oci\.image\.layer\.nondistributable|docker\.image\.rootfs\.foreign)\./;

const descriptor = z.looseObject({ mediaType: z.string(), digest: z.string(), size: z.int().min(0) });
const frame = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
  subject: descriptor.optional(),
  annotations: z.record(z.string(), z.string()).nullish(),
};
// A document that can be read as both has two meanings under one digest.
const imageSchema = z.looseObject({
  ...frame,
  config: descriptor,
  layers: z.array(descriptor),
  manifests: z.undefined().optional(),
});
const indexSchema = z.looseObject({
  ...frame,
  manifests: z.array(descriptor),
  config: z.undefined().optional(),
  layers: z.undefined().optional(),
});

/** What the registry has to know of a manifest. Digests as they were written: one may be of an algorithm unknown here. */
export type Manifest = {
  mediaType: string;
  /** Blobs that must be there. */
  blobs: readonly string[];
  /** Manifests that must be there. */
  children: readonly string[];
  /** The manifest that this one refers to; it need not be there. */
  subject?: Digest;
  /** How it shows in the list of its subject's referrers, but for digest and size. */
  shown: Omit<ReferrerDescriptor, 'digest' | 'size'>;
};

/**
 * Reads a pushed manifest.
 * @param contentType the request's header; without one the document's own mediaType counts
 * @throws DistributionError MANIFEST_INVALID
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  const document = parseJson(bytes);
  const mediaType = mediaTypeOf(document, contentType);
  if (images.includes(mediaType)) return readImage(mediaType, check(imageSchema, document));
  if (indexes.includes(mediaType)) return readIndex(mediaType, check(indexSchema, document));
  throw manifestInvalid(`media type ${mediaType} is none this registry takes: ${[...images, ...indexes].join(', ')}`);
}

function readImage(mediaType: string, image: z.infer<typeof imageSchema>): Manifest {
  const layers = image.layers.filter((layer) => !keptElsewhere.test(layer.mediaType));
  return {
    mediaType,
    blobs: [image.config, ...layers].map((blob) => blob.digest),
    children: [],
    ...subjectOf(image.subject),
    shown: shown(mediaType, image.artifactType ?? image.config.mediaType, image.annotations),
  };
}

function readIndex(mediaType: string, index: z.infer<typeof indexSchema>): Manifest {
  return {
    mediaType,
    blobs: [],
    children: index.manifests.map((child) => child.digest),
    ...subjectOf(index.subject),
    shown: shown(mediaType, index.artifactType, index.annotations),
  };
}

function shown(
  mediaType: string,
  artifactType: string | undefined,
  annotations: Record<string, string> | null | undefined,
): Manifest['shown'] {
  return { mediaType, ...(artifactType ? { artifactType } : {}), ...(annotations ? { annotations } : {}) };
}

function subjectOf(subject: z.infer<typeof descriptor> | undefined): { subject?: Digest } {
  if (!subject) return {};
  const digest = parseDigest(subject.digest);
  if (!digest) throw manifestInvalid(`the subject's digest ${subject.digest} is malformed`);
  return { subject: digest };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw manifestInvalid(`the manifest is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function mediaTypeOf(document: unknown, contentType: string | undefined): string {
  const { mediaType: own } = check(z.looseObject({ mediaType: z.string().optional() }), document);
  const said = contentType?.split(';')[0]?.trim();
  if (own && said && own !== said) {
    throw manifestInvalid(`the manifest's mediaType is ${own}, but it was sent as ${said}`);
  }
  const mediaType = said ?? own;
  if (!mediaType) throw manifestInvalid('neither a Content-Type nor a mediaType says what the manifest is');
  return mediaType;
}

function check<T>(schema: z.ZodType<T>, document: unknown): T {
  const parsed = schema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw manifestInvalid(z.prettifyError(parsed.error).replace(/\s+/g, ' '));
}
