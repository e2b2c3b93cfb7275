import type { LayerSink } from './layer-sink';
import { blockBytes, padding, tarHeader } from './tar-header';
import type { TarEntry } from './tar-header';

const chunkBytes = 1_048_576;
const zeros = Buffer.alloc(2 * blockBytes);

/** Writes a tar archive into a sink, in chunks of 1 MiB: many small writes would cost more than the bytes. */
export class TarWriter {
  #chunk = Buffer.allocUnsafe(chunkBytes);
  #used = 0;

  constructor(private readonly sink: LayerSink) {}

  /** Writes the entry's header. The content of a file follows by `write`, then `pad`. */
  async entry(entry: TarEntry): Promise<void> {
    await this.write(tarHeader(entry));
  }

  async write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const copied = bytes.copy(this.#chunk, this.#used, at);
      at += copied;
      this.#used += copied;
      if (this.#used === chunkBytes) await this.#flush();
    }
  }

  /** Fills the last block of a file. */
  async pad(sizeBytes: number): Promise<void> {
    await this.write(zeros.subarray(0, padding(sizeBytes)));
  }

  /** Two empty blocks end an archive. */
  async end(): Promise<void> {
    await this.write(zeros);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    if (this.#used === 0) return;
    const full = this.#used === chunkBytes;
    // A last short chunk is copied, so that a small layer does not hold a whole MiB.
    const chunk = full ? this.#chunk : Buffer.from(this.#chunk.subarray(0, this.#used));
    if (full) this.#chunk = Buffer.allocUnsafe(chunkBytes);
    this.#used = 0;
    await this.sink.add(chunk);
  }
}
