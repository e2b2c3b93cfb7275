import { Readable } from 'node:stream';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { TarError } from './tar-reader';

/** Undoes gzip and zstd, known by their first bytes. @throws TarError for zstd where this Node.js does not know it */
export async function plainBytes(source: AsyncIterable<Uint8Array>): Promise<Readable> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
  async function* all(): AsyncIterable<Uint8Array> {
    try {
      yield start;
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
  const bytes = Readable.from(all(), { objectMode: false });
  if (isZstd(start) && createZstdDecompress === undefined) {
    bytes.destroy();
    throw new TarError('the layer is compressed by zstd, which Node.js can undo from 22.15 on only');
  }
  const plain = decompressor(start);
  if (plain === undefined) return bytes;
  bytes.on('error', (error) => plain.destroy(error));
  plain.on('close', () => bytes.destroy());
  return bytes.pipe(plain);
}

const zstdMagic = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);

/** Node.js 20 has none. */
const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Transform };

const isZstd = (start: Buffer): boolean => start.subarray(0, zstdMagic.length).equals(zstdMagic);

function decompressor(start: Buffer): Transform | undefined {
  if (start[0] === 0x1f && start[1] === 0x8b) return zlib.createGunzip();
  return isZstd(start) ? createZstdDecompress?.() : undefined;
}
