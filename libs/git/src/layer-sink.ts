import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { crc32, createDeflateRaw } from 'node:zlib';
import type { DeflateRaw } from 'node:zlib';
import type { Spool } from './spool';

/** How a layer is stored. `gzip-1` is the same on every machine that runs the same zlib; the diffId is the same everywhere. */
export type LayerCodec = 'none' | 'gzip-1';

export const layerMediaTypes: Readonly<Record<LayerCodec, string>> = {
  none: 'application/vnd.oci.image.layer.v1.tar',
  'gzip-1': 'application/vnd.oci.image.layer.v1.tar+gzip',
};

/** Takes the bytes of an archive in order, and knows both digests at the end. */
export interface LayerSink {
  /** A returned promise must be awaited before the next call. The chunk must not be changed later. */
  add(chunk: Buffer): Promise<void> | undefined;
  /** Ends the archive. */
  end(): Promise<{ digest: string; diffId: string }>;
  /** Gives up: frees what is held outside memory. */
  destroy(): void;
}

/** A sink that stores the archive as the codec says. */
export const layerSink = (codec: LayerCodec, spool: Spool): LayerSink =>
  codec === 'none' ? new PlainSink(spool) : new GzipSink(spool);

class PlainSink implements LayerSink {
  readonly #hash = createHash('sha256');

  constructor(private readonly spool: Spool) {}

  add(chunk: Buffer): Promise<void> | undefined {
    this.#hash.update(chunk);
    return this.spool.add(chunk);
  }

  end(): Promise<{ digest: string; diffId: string }> {
    const digest = `sha256:${this.#hash.digest('hex')}`;
    return Promise.resolve({ digest, diffId: digest });
  }

  destroy(): void {
    // nothing is held
  }
}

/** No time, no name, level 1, unknown system (RFC 1952): zlib would write the one it was compiled for. */
const gzipHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);

/** Packed bytes come so many at a time from another thread; the many trips with Node's own 16 KiB cost a tenth of the time. */
const packedChunkBytes = 65_536;

class GzipSink implements LayerSink {
  readonly #plain = createHash('sha256');
  readonly #packed = createHash('sha256');
  readonly #deflate: DeflateRaw = createDeflateRaw({ level: 1, chunkSize: packedChunkBytes });
  readonly #stored: Promise<void>;
  #crc = 0;
  #sizeBytes = 0;

  constructor(private readonly spool: Spool) {
    this.#stored = this.#store();
    this.#stored.catch(() => undefined); // reported by end()
  }

  add(chunk: Buffer): Promise<void> | undefined {
    this.#plain.update(chunk);
    this.#crc = crc32(chunk, this.#crc);
    this.#sizeBytes += chunk.length;
    return this.#deflate.write(chunk) ? undefined : this.#drained();
  }

  async end(): Promise<{ digest: string; diffId: string }> {
    this.#deflate.end();
    await this.#stored;
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(this.#crc, 0);
    trailer.writeUInt32LE(this.#sizeBytes % 2 ** 32, 4);
    await this.#keep(trailer);
    return { digest: `sha256:${this.#packed.digest('hex')}`, diffId: `sha256:${this.#plain.digest('hex')}` };
  }

  destroy(): void {
    this.#deflate.destroy();
  }

  /** Waits for room; fails when storing failed, for then there will never be any. */
  async #drained(): Promise<void> {
    await Promise.race([once(this.#deflate, 'drain'), this.#stored]);
  }

  async #store(): Promise<void> {
    await this.#keep(gzipHeader);
    for await (const chunk of this.#deflate) await this.#keep(chunk as Buffer);
  }

  async #keep(chunk: Buffer): Promise<void> {
    this.#packed.update(chunk);
    await this.spool.add(chunk);
  }
}
