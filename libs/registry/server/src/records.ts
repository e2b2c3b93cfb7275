import type { ObjectStore } from '@keelson/objects';
import { z } from 'zod';

/** The small JSON objects of the registry. Unknown keys are dropped: a newer version may have written them. */
export const blobLink = z.object({ sizeBytes: z.int().min(0), kind: z.enum(['object', 'segments']) });
export type BlobLink = z.infer<typeof blobLink>;

/** A large blob: the segments, in order, of the upload that brought it. */
export const blobIndex = z.object({
  sizeBytes: z.int().min(0),
  upload: z.string(),
  segments: z.array(z.object({ offsetBytes: z.int().min(0), sizeBytes: z.int().min(1) })),
});
export type BlobIndex = z.infer<typeof blobIndex>;
export type Segment = BlobIndex['segments'][number];

/** `digest` is set before the upload's segments become part of that blob, and before they cease to be. */
export const uploadMarker = z.object({ digest: z.string().optional() });
export type UploadMarker = z.infer<typeof uploadMarker>;

export const tagRecord = z.object({ digest: z.string() });

export const manifestHeader = z.object({ mediaType: z.string(), subject: z.string().optional() });
export type ManifestHeader = z.infer<typeof manifestHeader>;

/** A descriptor as the referrers list shows it: https://github.com/opencontainers/distribution-spec (listing referrers) */
export const referrerDescriptor = z.object({
  mediaType: z.string(),
  digest: z.string(),
  size: z.int(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ReferrerDescriptor = z.infer<typeof referrerDescriptor>;

export const encodeRecord = (record: object): Uint8Array => Buffer.from(JSON.stringify(record));

/** @throws z.ZodError or SyntaxError when something else than this registry wrote the object */
export function decodeRecord<T>(schema: z.ZodType<T>, bytes: Uint8Array): T {
  return schema.parse(JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')));
}

/** Reads a record; undefined when there is none. */
export async function readRecord<T>(store: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await store.get(key);
  return bytes && decodeRecord(schema, bytes);
}
