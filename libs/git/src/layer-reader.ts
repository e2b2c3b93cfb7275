import { ByteReader } from './byte-reader';
import { onAbort } from './on-abort';
import { plainBytes } from './plain-bytes';

/** Lends the bytes of an archive, gzip or not, to `work`, and frees them. When the signal aborts, every read fails with its reason. */
export async function withLayerReader<T>(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
  work: (reader: ByteReader) => Promise<T>,
): Promise<T> {
  const stream = await plainBytes(source);
  const reader = new ByteReader(stream);
  const off = onAbort(signal, () => reader.fail(signal?.reason as Error));
  try {
    signal?.throwIfAborted();
    return await work(reader);
  } finally {
    off();
    stream.destroy();
  }
}
