import type { ObjectStore } from '@keelson/objects';
import { sequenceText } from './key';
import { artifactPath } from './keys';
import type { ArtifactValue } from './records';

/** Objects of this size: put as Buffers, so that a file of any size takes little memory. */
const segmentBytes = 8 * 1024 * 1024;

/** Keeps a file with its attempt. May be called again for the same file: the segments are written anew. */
export async function keepArtifact(
  store: ObjectStore,
  of: { run: string; attempt: number; path: string },
  content: AsyncIterable<Uint8Array>,
): Promise<ArtifactValue> {
  const key = artifactPath(of.run, of.attempt, of.path);
  const kept: ArtifactValue = { path: of.path, sizeBytes: 0, key, segments: 0 };
  for await (const bytes of segmentsOf(content)) {
    await store.put(`${key}/${sequenceText(kept.segments)}`, bytes);
    kept.segments += 1;
    kept.sizeBytes += bytes.byteLength;
  }
  return kept;
}

/** The bytes of a kept file. @throws Error when a segment is gone */
export async function* readArtifact(store: ObjectStore, artifact: ArtifactValue): AsyncIterable<Uint8Array> {
  for (let index = 0; index < artifact.segments; index += 1) {
    const bytes = await store.get(`${artifact.key}/${sequenceText(index)}`);
    if (bytes === undefined) throw new Error(`part ${index} of the artifact ${artifact.path} is missing`);
    yield bytes;
  }
}

async function* segmentsOf(content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let pending: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of content) {
    for (let at = 0; at < bytes.byteLength;) {
      const piece = bytes.subarray(at, at + segmentBytes - size);
      pending.push(piece);
      size += piece.byteLength;
      at += piece.byteLength;
      if (size < segmentBytes) continue;
      yield Buffer.concat(pending);
      pending = [];
      size = 0;
    }
  }
  if (size > 0) yield Buffer.concat(pending);
}
