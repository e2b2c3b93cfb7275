import type { BlobStore } from './blob-store';
import type { Digest } from './digest';
import { hashBytes, parseDigest } from './digest';
import type { DistributionFault } from './distribution-error';
import { digestInvalid, DistributionError, manifestUnknown } from './distribution-error';
import type { Exchange, Handlers } from './exchange';
import { contentHeaders, notModified, readBody, requireDigest, respond } from './exchange';
import type { Manifest } from './manifest';
import { parseManifest } from './manifest';
import type { ManifestStore } from './manifest-store';
import { isTag } from './name';

type Stores = { manifests: ManifestStore; blobs: BlobStore };

/**
 * `/v2/<name>/manifests/<tag or digest>`. What is stored is served whatever Accept says, as RFC 9110 12.5.1 allows: the answer's
 * Content-Type tells what it is, and a client that cannot read it says so better than we could.
 */
export function manifestRoutes(stores: Stores, limits: { manifestBytes: number }): Handlers {
  const { manifests } = stores;

  const get = async (exchange: Exchange): Promise<void> => {
    const { name, reference } = exchange;
    const digest = await resolve(manifests, exchange);
    const manifest = digest && (await manifests.find(name, digest));
    if (!manifest) throw manifestUnknown(name, reference);
    if (notModified(exchange, manifest.digest)) return;
    const headers = { ...contentHeaders(manifest.digest), 'Content-Type': manifest.header.mediaType };
    respond(exchange, 200, { headers, body: manifest.bytes });
  };

  const put = async (exchange: Exchange): Promise<void> => {
    const { name, req } = exchange;
    const tags = tagsOf(exchange);
    const bytes = await readBody(req, limits.manifestBytes);
    const digest = digestOfPushed(exchange, bytes);
    const manifest = parseManifest(bytes, req.headers['content-type']);
    const { mediaType, subject, shown } = manifest;
    const entry = { ...shown, digest: digest.text, size: bytes.byteLength };
    const entering = { digest, mediaType, bytes, ...(subject ? { subject } : {}), shown: entry };
    await manifests.put(name, entering, { tags, requireNamed: () => requireReferenced(stores, name, manifest) });
    respond(exchange, 201, {
      headers: {
        Location: `/v2/${name}/manifests/${digest.text}`,
        'Docker-Content-Digest': digest.text,
        ...(subject ? { 'OCI-Subject': subject.text } : {}),
        ...(exchange.query.has('tag') ? { 'OCI-Tag': tags.join(', ') } : {}),
      },
    });
  };

  const remove = async (exchange: Exchange): Promise<void> => {
    const { name, reference } = exchange;
    const removed = isDigestLike(reference)
      ? await manifests.remove(name, requireDigest(reference))
      : isTag(reference) && (await manifests.removeTag(name, reference));
    if (!removed) throw manifestUnknown(name, reference);
    respond(exchange, 202);
  };

  return { GET: get, HEAD: get, PUT: put, DELETE: remove };
}

async function resolve(manifests: ManifestStore, { name, reference }: Exchange): Promise<Digest | undefined> {
  if (isDigestLike(reference)) return requireDigest(reference);
  return isTag(reference) ? manifests.resolve(name, reference) : undefined;
}

const isDigestLike = (reference: string): boolean => reference.includes(':');

/** The tags to point at the manifest: the reference itself, or the `tag` parameters of a push by digest. */
function tagsOf({ reference, query }: Exchange): readonly string[] {
  const tags = isDigestLike(reference) ? query.getAll('tag') : [reference];
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong === undefined) return [...new Set(tags)];
  throw new DistributionError(400, { code: 'TAG_INVALID', message: `${wrong} is neither a tag nor a digest` });
}

/** The digest of pushed bytes, which must be the one they were announced with. */
function digestOfPushed({ reference, query }: Exchange, bytes: Uint8Array): Digest {
  const announced = isDigestLike(reference) ? reference : query.get('digest');
  if (announced === null) return hashBytes('sha256', bytes);
  const expected = requireDigest(announced);
  const digest = hashBytes(expected.algorithm, bytes);
  if (digest.text === expected.text) return digest;
  throw digestInvalid(`the manifest's digest is ${digest.text}, not ${expected.text}`);
}

/** @throws DistributionError that names every blob and manifest that is missing */
async function requireReferenced({ manifests, blobs }: Stores, name: string, manifest: Manifest): Promise<void> {
  const missing = await Promise.all([
    ...manifest.blobs.map((text) => missingUnless(text, (digest) => blobs.find(name, digest))),
    ...manifest.children.map((text) => missingUnless(text, (digest) => manifests.has(name, digest))),
  ]);
  const faults = missing.flatMap((digest): DistributionFault[] =>
    digest === undefined
      ? []
      : [{ code: 'MANIFEST_BLOB_UNKNOWN', message: `repository ${name} has no ${digest}`, detail: { digest } }],
  );
  if (faults.length > 0) throw new DistributionError(404, faults);
}

async function missingUnless(text: string, find: (digest: Digest) => Promise<unknown>): Promise<string | undefined> {
  const digest = parseDigest(text);
  return digest && (await find(digest)) ? undefined : text;
}
