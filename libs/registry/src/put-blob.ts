import { beginUpload } from './blob-calls';
import type { Clock } from './clock';
import { counted, verified } from './digest';
import { discard, locationOf } from './http-exchange';
import type { RequestBody } from './http-exchange';
import { assertDigest } from './image-reference';
import type { Repository } from './image-reference';
import { ConnectionLostError, RegistryProtocolError } from './registry-errors';
import { described } from './registry-sender';
import type { RegistryCall, RegistrySender } from './registry-sender';
import { readFault } from './reply-body';
import { retryWhenCut } from './retry-when-cut';

/** A blob to store. */
export type BlobToPut = {
  digest: string;
  sizeBytes: number;
  /** The bytes from the beginning; called again when the connection breaks. */
  open(): Uint8Array | AsyncIterable<Uint8Array>;
  /** An upload that was begun already, by a mount that was refused. */
  upload?: URL;
};

/** Blobs of this size are offered in the first request: worth nothing where it is not taken, a round trip where it is. */
const singlePostBytes = 64 * 1024;

type Upload = { target: Repository; blob: BlobToPut };

/** Stores a blob in one request where the registry takes it so, else in two. Begins anew when the connection breaks. */
export async function putBlob(
  sender: RegistrySender,
  { clock, ...upload }: Upload & { clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  const { target, blob } = upload;
  assertDigest(blob.digest);
  let begun = blob.upload;
  await retryWhenCut(
    async () => {
      const known = begun;
      begun = undefined;
      const to = known ?? (await postOrBegin(sender, upload, signal));
      if (to !== 'stored') await putBytes(sender, { target, blob, to }, signal);
    },
    clock,
    signal,
  );
}

async function postOrBegin(
  sender: RegistrySender,
  { target, blob }: Upload,
  signal: AbortSignal,
): Promise<'stored' | URL> {
  const host = sender.hostOf(target);
  if (host.singlePost === 'refused' || blob.sizeBytes > singlePostBytes) return beginUpload(sender, target, signal);
  const to = `blobs/uploads/?digest=${encodeURIComponent(blob.digest)}`;
  // Until it has worked once: whatever happens now, the next try begins in the way that every registry knows.
  if (host.singlePost === 'untried') host.singlePost = 'refused';
  const reply = await sender.send({ ...bytesCall(target, blob), method: 'POST', to }, signal);
  await discard(reply);
  if (reply.status !== 201) return reply.status === 202 ? locationOf(reply) : beginUpload(sender, target, signal);
  host.singlePost = 'works';
  return 'stored';
}

async function putBytes(
  sender: RegistrySender,
  { target, blob, to }: Upload & { to: URL },
  signal: AbortSignal,
): Promise<void> {
  const url = new URL(to);
  // Appended as text: the state in the registry's own query must stay as it is, byte for byte.
  url.search = `${url.search}${url.search === '' ? '?' : '&'}digest=${encodeURIComponent(blob.digest)}`;
  const call: RegistryCall = { ...bytesCall(target, blob), method: 'PUT', to: url };
  const reply = await sender.send(call, signal);
  if (reply.status === 201 || reply.status === 204) return discard(reply);
  const { text } = await readFault(reply, signal);
  const what = `${described(call)}, ${blob.digest}: ${reply.status}${text === '' ? '' : ` (${text})`}`;
  // The upload is not known (any more), as when the registry restarted: as good as a broken connection.
  if (reply.status === 404) throw new ConnectionLostError(what);
  await checkOurs(blob);
  throw new RegistryProtocolError(what);
}

/** Bytes that are not the digest's are our fault, and the registry says no more than "invalid". @throws RegistryProtocolError when they are not */
async function checkOurs(blob: BlobToPut): Promise<void> {
  const opened = blob.open();
  if (opened instanceof Uint8Array) return;
  for await (const _ of verified(opened, blob));
}

const bytesCall = (target: Repository, blob: BlobToPut): Omit<RegistryCall, 'method' | 'to'> => ({
  target,
  actions: 'pull,push',
  headers: { 'content-type': 'application/octet-stream' },
  body: bodyOf(blob),
});

/** Only counted while it is sent: the registry computes the digest as well, and that is most of the work. */
function bodyOf(blob: BlobToPut): RequestBody {
  return {
    sizeBytes: blob.sizeBytes,
    open: () => {
      const opened = blob.open();
      return opened instanceof Uint8Array ? opened : counted(opened, blob);
    },
  };
}
