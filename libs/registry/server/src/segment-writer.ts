import type { RunningHash } from './hash-cache';
import type { Segment } from './records';

/** Stores one segment that begins at this offset of the upload. */
export type PutSegment = (offsetBytes: number, bytes: Uint8Array) => Promise<void>;

/**
 * Cuts a stream of bytes into segments. A full segment is stored when the next byte comes, so that what fits in one object
 * is still in memory at its end and need not be stored twice; and it is stored while the next one comes in. One after the
 * other: what is stored has no holes.
 */
export class SegmentWriter {
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private storing = Promise.resolve();

  constructor(
    /** The segments stored so far; grows. */
    readonly segments: Segment[],
    /** Fed with every byte; undefined when the earlier bytes were not hashed in this process. */
    readonly running: RunningHash | undefined,
    private readonly target: { segmentBytes: number; put: PutSegment },
  ) {}

  /** Bytes that are stored, as far as is known after `settle` or `flush`. */
  get storedBytes(): number {
    const last = this.segments.at(-1);
    return last ? last.offsetBytes + last.sizeBytes : 0;
  }

  /** @throws what storing an earlier segment threw */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.running) {
      this.running.hash.update(chunk);
      this.running.sizeBytes += chunk.byteLength;
    }
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (this.pendingBytes === this.target.segmentBytes) await this.beginStoring();
      const piece = rest.subarray(0, this.target.segmentBytes - this.pendingBytes);
      this.pending.push(piece);
      this.pendingBytes += piece.byteLength;
      rest = rest.subarray(piece.byteLength);
    }
  }

  /** Waits until no segment is being stored. @throws what storing it threw; the upload then ends where the store does */
  async settle(): Promise<void> {
    const storing = this.storing;
    this.storing = Promise.resolve();
    await storing;
  }

  /** Stores what is still in memory. What cannot be stored is dropped. */
  async flush(): Promise<void> {
    await this.beginStoring();
    await this.settle();
  }

  /** What is still in memory; the writer forgets it. */
  takePending(): Uint8Array {
    const bytes = this.pending.length === 1 ? this.pending[0] : Buffer.concat(this.pending, this.pendingBytes);
    this.pending = [];
    this.pendingBytes = 0;
    return bytes ?? Buffer.alloc(0);
  }

  private async beginStoring(): Promise<void> {
    const bytes = this.takePending();
    await this.settle();
    if (bytes.byteLength === 0) return;
    const offsetBytes = this.storedBytes;
    this.storing = this.target.put(offsetBytes, bytes).then(() => {
      this.segments.push({ offsetBytes, sizeBytes: bytes.byteLength });
    });
    // Told by the next `settle`; until then it is not unhandled.
    this.storing.catch(() => undefined);
  }
}
