import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { RegistryProtocolError } from './registry-errors';

/** The digest that names these bytes. */
export const sha256Of = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Whether the bytes are those that the digest, sha256 or sha512, names. */
export const isDigestOf = (digest: string, bytes: Uint8Array): boolean =>
  digestText(digest, hashOf(digest).update(bytes)) === digest;

/**
 * Passes the bytes through and ends only if they are those that the digest names.
 * @throws RegistryProtocolError when they are not, or as soon as they are more than the size known before
 */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: { digest: string; sizeBytes?: number },
): AsyncIterable<Uint8Array> {
  const hash = hashOf(expected.digest);
  const { sizeBytes = Number.POSITIVE_INFINITY } = expected;
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > sizeBytes)
      throw new RegistryProtocolError(`${expected.digest}: more than the ${sizeBytes} bytes it should have`);
    hash.update(chunk);
    yield chunk;
  }
  const actual = digestText(expected.digest, hash);
  if (actual !== expected.digest)
    throw new RegistryProtocolError(`the bytes of ${expected.digest} have the digest ${actual}`);
}

/** Passes the bytes through and ends only if they are as many as they should be. @throws RegistryProtocolError when they are not */
export async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  expected: { digest: string; sizeBytes: number },
): AsyncIterable<Uint8Array> {
  const { digest, sizeBytes } = expected;
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > sizeBytes) break;
    yield chunk;
  }
  if (size === sizeBytes) return;
  throw new RegistryProtocolError(
    `${digest}: ${size > sizeBytes ? 'more' : 'fewer'} than the ${sizeBytes} bytes it should have`,
  );
}

const algorithmOf = (digest: string): string => digest.slice(0, digest.indexOf(':'));
const hashOf = (digest: string): Hash => createHash(algorithmOf(digest));
const digestText = (digest: string, hash: Hash): string => `${algorithmOf(digest)}:${hash.digest('hex')}`;
