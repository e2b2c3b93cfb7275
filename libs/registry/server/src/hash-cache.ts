import type { Hash } from 'node:crypto';
import type { DigestAlgorithm } from './digest';

/** A hash over an upload's first `sizeBytes` bytes. */
export type RunningHash = { algorithm: DigestAlgorithm; hash: Hash; sizeBytes: number };

const capacity = 1_000;

/**
 * The running hashes of uploads between their requests. A hash cannot be stored, so losing one (a restart, too many uploads
 * at once) costs reading the upload again at its end.
 */
export class HashCache {
  private readonly hashes = new Map<string, RunningHash>();

  /** Takes out the hash over the upload's first `sizeBytes`; undefined when there is none of just that many. */
  take(upload: string, sizeBytes: number): RunningHash | undefined {
    const found = this.hashes.get(upload);
    this.hashes.delete(upload);
    return found?.sizeBytes === sizeBytes ? found : undefined;
  }

  keep(upload: string, running: RunningHash): void {
    this.hashes.set(upload, running);
    for (const oldest of this.hashes.keys()) {
      if (this.hashes.size <= capacity) return;
      this.hashes.delete(oldest);
    }
  }

  forget(upload: string): void {
    this.hashes.delete(upload);
  }
}
