import { verified } from './digest';
import { discard, locationOf } from './http-exchange';
import { assertDigest, assertRepository, formatRepository } from './image-reference';
import type { Repository } from './image-reference';
import { ImageNotFoundError, RegistryAuthError, RegistryProtocolError } from './registry-errors';
import { described } from './registry-sender';
import type { RegistryCall, RegistrySender } from './registry-sender';
import { bytesOf, readFault } from './reply-body';

/** A blob to read; with a size, no byte more than that is taken. */
export type BlobToRead = { digest: string; sizeBytes?: number };

/** What became of a mount: done, or an upload that was begun instead. */
export type MountOutcome = 'mounted' | { upload: URL };

/** HEAD. */
export async function hasBlob(
  sender: RegistrySender,
  { target, digest }: { target: Repository; digest: string },
  signal: AbortSignal,
): Promise<boolean> {
  const call = blobCall('HEAD', target, digest);
  const reply = await sender.send(call, signal);
  await discard(reply);
  if (reply.status === 200) return true;
  if (reply.status === 404) return false;
  throw new RegistryProtocolError(`${described(call)}: ${reply.status}`);
}

/**
 * GET, following redirects to where the bytes are. The bytes are verified as they pass: the last step fails when they are
 * not those of the digest, so nothing may be believed before the end.
 */
export async function* readBlob(
  sender: RegistrySender,
  { target, blob }: { target: Repository; blob: BlobToRead },
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const call = blobCall('GET', target, blob.digest);
  const reply = await sender.send(call, signal);
  if (reply.status !== 200) {
    await discard(reply);
    if (reply.status === 404)
      throw new ImageNotFoundError(`there is no blob ${blob.digest} in ${formatRepository(target)}`);
    throw new RegistryProtocolError(`${described(call)}: ${reply.status}`);
  }
  yield* verified(bytesOf(reply, signal), blob);
}

/** POST ?mount=&from=. A registry may refuse for any reason, also for want of rights: then the caller uploads. */
export async function mountBlob(
  sender: RegistrySender,
  { target, digest, from }: { target: Repository; digest: string; from: string },
  signal: AbortSignal,
): Promise<MountOutcome> {
  assertDigest(digest);
  assertRepository({ ...target, repository: from });
  const to = `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  try {
    const reply = await sender.send({ method: 'POST', target, actions: 'pull,push', from, to }, signal);
    await discard(reply);
    if (reply.status === 201) return 'mounted';
    if (reply.status === 202) return { upload: locationOf(reply) };
  } catch (error) {
    // Perhaps only the other repository may not be read; if this one may not be written either, the upload says so.
    if (!(error instanceof RegistryAuthError)) throw error;
  }
  return { upload: await beginUpload(sender, target, signal) };
}

/** POST. @returns where the bytes go @throws ImageNotFoundError when the registry makes no repositories by itself */
export async function beginUpload(sender: RegistrySender, target: Repository, signal: AbortSignal): Promise<URL> {
  const call: RegistryCall = { method: 'POST', target, actions: 'pull,push', to: 'blobs/uploads/' };
  const reply = await sender.send(call, signal);
  if (reply.status === 202) {
    await discard(reply);
    return locationOf(reply);
  }
  const { text } = await readFault(reply, signal);
  const what = `${described(call)}: ${reply.status}${text === '' ? '' : ` (${text})`}`;
  if (reply.status === 404) {
    throw new ImageNotFoundError(
      `${what}; the registry has no repository ${formatRepository(target)}: make it there first`,
    );
  }
  throw new RegistryProtocolError(what);
}

function blobCall(method: RegistryCall['method'], target: Repository, digest: string): RegistryCall {
  assertDigest(digest);
  return { method, target, actions: 'pull', to: `blobs/${digest}` };
}
