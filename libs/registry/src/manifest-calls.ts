import { isDigestOf, sha256Of } from './digest';
import { discard } from './http-exchange';
import type { HttpReply } from './http-exchange';
import { assertDigest, assertTag, formatImageReference, isDigest } from './image-reference';
import type { ImageReference } from './image-reference';
import { mediaTypeOf } from './manifest';
import type { ManifestContent } from './manifest';
import { manifestTypes } from './media-types';
import { ImageNotFoundError, MissingBlobError, RegistryProtocolError } from './registry-errors';
import { described } from './registry-sender';
import type { RegistryCall, RegistrySender } from './registry-sender';
import { readBytes, readFault } from './reply-body';

/** Distribution refuses larger ones too. */
const maxManifestBytes = 4 * 1024 * 1024;

export type ManifestHead = { digest: string; mediaType: string; sizeBytes: number };

export type ManifestLimits = { wholeMs: number };

/** HEAD, or GET where the registry's HEAD does not tell the digest. Undefined when there is no such image. */
export async function headManifest(
  sender: RegistrySender,
  { reference, ...limits }: ManifestLimits & { reference: ImageReference },
  signal: AbortSignal,
): Promise<ManifestHead | undefined> {
  const reply = await sender.send(manifestCall('HEAD', reference), signal);
  await discard(reply);
  if (reply.status === 404) return undefined;
  const digest = digestHeader(reply);
  const mediaType = headerText(reply, 'content-type')?.split(';')[0]?.trim();
  const size = headerText(reply, 'content-length');
  if (reply.status === 200 && digest !== undefined && mediaType && size !== undefined) {
    assertSame(reference, digest);
    return { digest, mediaType, sizeBytes: Number(size) };
  }
  const content = await getManifest(sender, { reference, ...limits }, signal);
  return content && { digest: content.digest, mediaType: content.mediaType, sizeBytes: content.bytes.byteLength };
}

/** GET; the bytes are those of the digest. Undefined when there is no such image. */
export async function getManifest(
  sender: RegistrySender,
  { reference, wholeMs }: ManifestLimits & { reference: ImageReference },
  signal: AbortSignal,
): Promise<ManifestContent | undefined> {
  const call = manifestCall('GET', reference);
  const reply = await sender.send(call, signal);
  if (reply.status !== 200) {
    await discard(reply);
    if (reply.status === 404) return undefined;
    throw new RegistryProtocolError(`${described(call)}: ${reply.status}`);
  }
  const bytes = await readBytes(reply, { maxBytes: maxManifestBytes, wholeMs }, signal);
  const digest = reference.digest ?? digestHeader(reply) ?? sha256Of(bytes);
  if (!isDigestOf(digest, bytes)) {
    throw new RegistryProtocolError(
      `${described(call)}: the bytes are not those of ${digest}, but of ${sha256Of(bytes)}`,
    );
  }
  return { digest, mediaType: mediaTypeOf(bytes, headerText(reply, 'content-type'), described(call)), bytes };
}

/** PUT under the reference's tag, or under its digest when it has no tag. @throws MissingBlobError */
export async function putManifest(
  sender: RegistrySender,
  { reference, content }: { reference: ImageReference; content: Pick<ManifestContent, 'mediaType' | 'bytes'> },
  signal: AbortSignal,
): Promise<void> {
  const { bytes, mediaType } = content;
  const call: RegistryCall = {
    ...manifestCall('PUT', reference.tag === undefined ? reference : { ...reference, digest: undefined }),
    actions: 'pull,push',
    headers: { 'content-type': mediaType },
    body: { sizeBytes: bytes.byteLength, open: () => bytes },
  };
  const reply = await sender.send(call, signal);
  if (reply.status === 201 || reply.status === 200) return discard(reply);
  const { codes, text } = await readFault(reply, signal);
  const what = `${described(call)}: ${reply.status}${text === '' ? '' : ` (${text})`}`;
  // Most answer 400 with one of the codes; some 404 and nothing that could be read.
  const isMissing = codes.some((code) => code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN');
  if (isMissing || reply.status === 404) throw new MissingBlobError(what);
  throw new RegistryProtocolError(what);
}

/** DELETE. False when there was no such manifest. */
export async function deleteManifest(
  sender: RegistrySender,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<boolean> {
  const call: RegistryCall = { ...manifestCall('DELETE', reference), actions: 'delete' };
  const reply = await sender.send(call, signal);
  const { text } = await readFault(reply, signal);
  if (reply.status === 202 || reply.status === 200) return true;
  if (reply.status === 404) return false;
  const because = reply.status === 405 ? 'the registry does not allow deletion' : text;
  throw new RegistryProtocolError(`${described(call)}: ${reply.status} (${because})`);
}

export const manifestNotFound = (reference: ImageReference): ImageNotFoundError =>
  new ImageNotFoundError(`there is no image ${formatImageReference(reference)}`);

function manifestCall(
  method: RegistryCall['method'],
  reference: Omit<ImageReference, 'digest'> & { digest?: string | undefined },
): RegistryCall {
  const name = reference.digest ?? reference.tag ?? 'latest';
  if (reference.digest === undefined) assertTag(name);
  else assertDigest(name);
  const target = { registry: reference.registry, repository: reference.repository };
  return { method, target, actions: 'pull', to: `manifests/${name}`, headers: { accept: manifestTypes.join(', ') } };
}

function digestHeader(reply: HttpReply): string | undefined {
  const text = headerText(reply, 'docker-content-digest');
  return text !== undefined && isDigest(text) ? text : undefined;
}

function headerText(reply: HttpReply, name: string): string | undefined {
  const value = reply.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function assertSame(reference: ImageReference, digest: string): void {
  if (reference.digest === undefined || reference.digest === digest) return;
  throw new RegistryProtocolError(`${formatImageReference(reference)}: the registry answers with ${digest}`);
}
