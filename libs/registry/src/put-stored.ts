import type { Repository } from './image-reference';
import type { RegistryClient } from './registry-client';
import { MissingBlobError } from './registry-errors';

/** Stores bytes made here, unless this process knows that they are there. */
export async function putStored(
  client: RegistryClient,
  { target, digest, bytes }: { target: Repository; digest: string; bytes: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  if (client.knowsBlob(target, digest)) return;
  await client.putBlob(target, { digest, sizeBytes: bytes.byteLength, open: () => bytes }, signal);
}

/**
 * Pushes, and once more when the registry misses a blob that was known to be there: somebody collected its garbage.
 * @throws what the second time throws
 */
export async function redoWhenMissing<T>(
  client: RegistryClient,
  target: Repository,
  push: () => Promise<T>,
): Promise<T> {
  try {
    return await push();
  } catch (error) {
    if (!(error instanceof MissingBlobError)) throw error;
    client.forgetBlobs(target);
    return push();
  }
}
