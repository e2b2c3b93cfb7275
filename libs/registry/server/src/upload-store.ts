import { createHash } from 'node:crypto';
import type { BlobStore } from './blob-store';
import type { Range } from './byte-range';
import type { Digest, DigestAlgorithm } from './digest';
import { digestInvalid, sizeInvalid, uploadUnknown } from './distribution-error';
import { HashCache } from './hash-cache';
import { KeyedLock } from './keyed-lock';
import type { Segment } from './records';
import { SegmentWriter } from './segment-writer';
import type { UploadIds } from './upload-id';
import { startedAtMs } from './upload-id';
import type { UploadSegments } from './upload-segments';

/** Part of a blob on its way in, and, when the client says so, where it belongs. */
export type Chunk = { body: AsyncIterable<Uint8Array>; range?: Range };

/** The chunk does not begin where the upload ends. */
export class ChunkOutOfOrderError extends Error {
  readonly code = 'chunk-out-of-order';
  override readonly name = 'ChunkOutOfOrderError';
  constructor(
    /** Where the upload ends. */
    readonly sizeBytes: number,
  ) {
    super(`the upload holds ${String(sizeBytes)} bytes; the next chunk begins there`);
  }
}

const endedCapacity = 10_000;

/**
 * Uploads, from the request that begins one to the blob it becomes. What is stored is the truth; in memory are only running
 * hashes, when an upload was last used, and which ended lately. Requests on one upload follow one another.
 */
export class UploadStore {
  private readonly locks = new KeyedLock();
  private readonly hashes = new HashCache();
  private readonly usedAtMs = new Map<string, number>();
  private readonly ended = new Set<string>();

  constructor(
    private readonly parts: { ids: UploadIds; segments: UploadSegments; blobs: BlobStore },
    private readonly options: { segmentBytes: number; expiryMs: number; now: () => number },
  ) {}

  /** Begins an upload; nothing is written. @returns the session's text for its Location */
  begin(name: string): string {
    return this.parts.ids.issue(name, this.options.now());
  }

  /** How many bytes the upload holds. @throws DistributionError when there is no such upload */
  async sizeBytes(name: string, session: string): Promise<number> {
    return this.use(name, session, async (id) => endBytes(await this.parts.segments.load(id)));
  }

  /**
   * Adds a chunk. When it breaks off, what came is kept. @returns how many bytes the upload holds then
   * @throws ChunkOutOfOrderError, DistributionError, ObjectStoreError
   */
  async append(name: string, session: string, chunk: Chunk): Promise<number> {
    return this.use(name, session, async (id) => {
      const writer = await this.resume(id, 'sha256');
      try {
        await receive(writer, chunk);
      } finally {
        await this.suspend(id, writer);
      }
      return writer.storedBytes;
    });
  }

  /** Adds the last chunk and makes the upload a blob of the repository. With another digest the upload is dropped. */
  async finish(name: string, session: string, end: { digest: Digest; chunk: Chunk }): Promise<void> {
    await this.use(name, session, async (id) => {
      const writer = await this.resume(id, end.digest.algorithm);
      try {
        await receive(writer, end.chunk);
      } catch (error) {
        await this.suspend(id, writer);
        throw error;
      }
      await this.complete(id, name, { digest: end.digest, writer });
      this.forget(id);
    });
  }

  /** Ends an upload and drops what it stored. */
  async cancel(name: string, session: string): Promise<void> {
    await this.use(name, session, async (id) => this.drop(id));
  }

  /** Drops uploads that nobody used for the time an upload may rest. @returns how many */
  async sweep(): Promise<number> {
    for (const [id] of this.usedAtMs) if (this.expired(id)) this.usedAtMs.delete(id);
    const expired = (await this.parts.segments.open()).filter((id) => this.expired(id));
    for (const id of expired) await this.locks.run(id, () => this.drop(id));
    return expired.length;
  }

  private async use<T>(name: string, session: string, work: (id: string) => Promise<T>): Promise<T> {
    const upload = this.parts.ids.verify(name, session);
    if (!upload) throw uploadUnknown();
    return this.locks.run(upload.id, async () => {
      if (this.ended.has(upload.id) || this.expired(upload.id)) throw uploadUnknown();
      return work(upload.id);
    });
  }

  private expired(id: string): boolean {
    const usedAtMs = Math.max(startedAtMs(id), this.usedAtMs.get(id) ?? 0);
    return this.options.now() - usedAtMs > this.options.expiryMs;
  }

  private async resume(id: string, algorithm: DigestAlgorithm): Promise<SegmentWriter> {
    const segments = await this.parts.segments.load(id);
    const sizeBytes = endBytes(segments);
    const running =
      sizeBytes === 0 ? { algorithm, hash: createHash(algorithm), sizeBytes } : this.hashes.take(id, sizeBytes);
    return new SegmentWriter(segments, running, {
      segmentBytes: this.options.segmentBytes,
      put: (offsetBytes, bytes) => this.parts.segments.put(id, offsetBytes, bytes),
    });
  }

  private async suspend(id: string, writer: SegmentWriter): Promise<void> {
    await writer.flush();
    if (writer.running) this.hashes.keep(id, writer.running);
    if (writer.storedBytes > 0) this.usedAtMs.set(id, this.options.now());
  }

  private async complete(id: string, name: string, end: { digest: Digest; writer: SegmentWriter }): Promise<void> {
    const { digest, writer } = end;
    if (writer.segments.length > 0) await writer.flush();
    const whole = writer.takePending();
    if (!(await this.matches(id, digest, writer))) {
      await this.drop(id);
      throw digestInvalid(`the bytes that came are not those of ${digest.text}`);
    }
    if (writer.segments.length === 0) return this.parts.blobs.putWhole(name, digest, whole);
    if (writer.storedBytes > this.options.segmentBytes) {
      return this.parts.segments.becomeBlob(id, name, { digest, segments: writer.segments });
    }
    const pieces: Uint8Array[] = [];
    for await (const piece of this.parts.segments.read(id, writer.segments)) pieces.push(piece);
    await this.parts.blobs.putWhole(name, digest, Buffer.concat(pieces));
    await this.parts.segments.discard(id);
  }

  private async matches(id: string, digest: Digest, writer: SegmentWriter): Promise<boolean> {
    if (writer.running?.algorithm === digest.algorithm) return writer.running.hash.digest('hex') === digest.hex;
    const hash = createHash(digest.algorithm);
    for await (const bytes of this.parts.segments.read(id, writer.segments)) hash.update(bytes);
    return hash.digest('hex') === digest.hex;
  }

  private async drop(id: string): Promise<void> {
    await this.parts.segments.discard(id);
    this.forget(id);
  }

  private forget(id: string): void {
    this.hashes.forget(id);
    this.usedAtMs.delete(id);
    this.ended.add(id);
    const [oldest] = this.ended;
    if (this.ended.size > endedCapacity && oldest !== undefined) this.ended.delete(oldest);
  }
}

const endBytes = (segments: readonly Segment[]): number => {
  const last = segments.at(-1);
  return last ? last.offsetBytes + last.sizeBytes : 0;
};

async function receive(writer: SegmentWriter, { body, range }: Chunk): Promise<void> {
  if (range && range.first !== writer.storedBytes) throw new ChunkOutOfOrderError(writer.storedBytes);
  let leftBytes = range ? range.last - range.first + 1 : Infinity;
  for await (const bytes of body) {
    leftBytes -= bytes.byteLength;
    if (leftBytes < 0) throw sizeInvalid(400, 'the chunk is longer than its Content-Range');
    await writer.write(bytes);
  }
  if (range && leftBytes > 0) throw sizeInvalid(400, 'the chunk is shorter than its Content-Range');
  await writer.settle();
}
