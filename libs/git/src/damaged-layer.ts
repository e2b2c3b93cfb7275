import { TarError } from './tar-reader';

/** An archive that ended too early, or is no gzip or zstd inside, as a TarError; any other error as it is. */
export function damagedLayer(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('code' in error)) return error;
  const code = String(error.code);
  // zlib's codes, and ByteReader's.
  if (!code.startsWith('Z_') && !code.startsWith('ZSTD_') && code !== 'early-end') return error;
  const why = 'message' in error ? String(error.message) : code;
  return new TarError(`the layer cannot be unpacked: ${why}`, { cause: error });
}
