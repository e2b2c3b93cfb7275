import { createHash } from 'node:crypto';

/** Hashing few bytes at a time is slow: they are gathered up to this many. */
const gatherBytes = 64 * 1024;
const lineFeed = 0x0a;

/** Counts and hashes the output as it was before it was cut into lines. */
export class LogTally {
  readonly #hash = createHash('sha256');
  readonly #gathered = Buffer.allocUnsafeSlow(gatherBytes);
  #gatheredBytes = 0;
  #midLine = false;
  #lines = 0;
  #pieces = 0;
  #bytes = 0;

  /** Lines of output; one that has begun counts. */
  get lines(): number {
    return this.#lines;
  }
  /** Calls of `add`. */
  get pieces(): number {
    return this.#pieces;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** @param ended whether a line feed followed the bytes */
  add(bytes: Uint8Array, ended: boolean): void {
    const sizeBytes = bytes.byteLength + (ended ? 1 : 0);
    this.#pieces += 1;
    if (sizeBytes === 0) return;
    if (!this.#midLine) this.#lines += 1;
    this.#midLine = !ended;
    this.#bytes += sizeBytes;
    this.#gather(bytes);
    if (!ended) return;
    if (this.#gatheredBytes === gatherBytes) this.#hashGathered();
    this.#gathered[this.#gatheredBytes] = lineFeed;
    this.#gatheredBytes += 1;
  }

  /** SHA-256 of all bytes so far, in hex. */
  sha256(): string {
    this.#hashGathered();
    return this.#hash.copy().digest('hex');
  }

  #gather(bytes: Uint8Array): void {
    if (this.#gatheredBytes + bytes.byteLength > gatherBytes) this.#hashGathered();
    if (bytes.byteLength > gatherBytes) {
      this.#hash.update(bytes);
      return;
    }
    this.#gathered.set(bytes, this.#gatheredBytes);
    this.#gatheredBytes += bytes.byteLength;
  }

  #hashGathered(): void {
    if (this.#gatheredBytes > 0) this.#hash.update(this.#gathered.subarray(0, this.#gatheredBytes));
    this.#gatheredBytes = 0;
  }
}
