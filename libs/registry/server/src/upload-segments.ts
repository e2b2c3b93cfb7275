import type { ObjectStore } from '@keelson/objects';
import type { BlobStore } from './blob-store';
import { parseDigest } from './digest';
import type { Digest } from './digest';
import { uploadUnknown } from './distribution-error';
import type { Layout } from './layout';
import type { Segment } from './records';
import { encodeRecord, readRecord, uploadMarker } from './records';

/** What an upload has stored: a marker as long as it is open, and its segments, named by their offset. */
export class UploadSegments {
  constructor(
    private readonly store: ObjectStore,
    private readonly layout: Layout,
    private readonly blobs: BlobStore,
  ) {}

  /** The segments of an open upload, none when it stored nothing. @throws DistributionError when it has become a blob */
  async load(id: string): Promise<Segment[]> {
    const marker = await readRecord(this.store, this.layout.upload(id), uploadMarker);
    if (!marker) return [];
    if (await this.belongToBlob(id, marker.digest)) throw uploadUnknown();
    const segments: Segment[] = [];
    let endBytes = 0;
    for await (const { key, sizeBytes } of this.store.list(this.layout.segments(id))) {
      if (key !== this.layout.segment(id, endBytes)) break;
      segments.push({ offsetBytes: endBytes, sizeBytes });
      endBytes += sizeBytes;
    }
    return segments;
  }

  /** The first segment of an upload is preceded by its marker: nothing lies about without one. */
  async put(id: string, offsetBytes: number, bytes: Uint8Array): Promise<void> {
    if (offsetBytes === 0) await this.store.put(this.layout.upload(id), encodeRecord({}));
    await this.store.put(this.layout.segment(id, offsetBytes), bytes);
  }

  async *read(id: string, segments: readonly Segment[]): AsyncIterable<Uint8Array> {
    for (const { offsetBytes } of segments) {
      const bytes = await this.store.get(this.layout.segment(id, offsetBytes));
      if (!bytes) throw uploadUnknown();
      yield bytes;
    }
  }

  /** Makes the segments the blob's. The marker names the blob first: after a crash it tells whose the segments are. */
  async becomeBlob(id: string, name: string, blob: { digest: Digest; segments: readonly Segment[] }): Promise<void> {
    const { digest, segments } = blob;
    const sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
    await this.store.put(this.layout.upload(id), encodeRecord({ digest: digest.text }));
    await this.blobs.putIndex(name, digest, { sizeBytes, upload: id, segments: [...segments] });
    await this.discard(id);
  }

  /** Forgets an upload, and its segments unless they are a blob's by now. May be called twice. */
  async discard(id: string): Promise<void> {
    const marker = await readRecord(this.store, this.layout.upload(id), uploadMarker);
    if (!marker) return;
    if (!(await this.belongToBlob(id, marker.digest))) {
      for await (const { key } of this.store.list(this.layout.segments(id))) await this.store.delete(key);
    }
    await this.store.delete(this.layout.upload(id));
  }

  /** The ids of all open uploads. */
  async open(): Promise<readonly string[]> {
    return this.store.listSegments(this.layout.uploads());
  }

  private async belongToBlob(id: string, digestText: string | undefined): Promise<boolean> {
    const digest = parseDigest(digestText ?? '');
    return digest !== undefined && (await this.blobs.isMadeOf(digest, id));
  }
}
