import type { OutgoingHttpHeaders } from 'node:http';
import type { BlobStore } from './blob-store';
import { chunkRange } from './byte-range';
import type { Digest } from './digest';
import { parseDigest } from './digest';
import { digestInvalid, DistributionError, sizeInvalid } from './distribution-error';
import type { Exchange, Handler, Handlers } from './exchange';
import { bodyOf, requireDigest, respond } from './exchange';
import { isRepositoryName } from './name';
import type { Chunk, UploadStore } from './upload-store';
import { ChunkOutOfOrderError } from './upload-store';

/** `/v2/<name>/blobs/uploads/`: begins an upload, or takes a whole blob, or mounts one. */
export function uploadsRoutes(uploads: UploadStore, blobs: BlobStore): Handlers {
  const post = async (exchange: Exchange): Promise<void> => {
    const { name, query } = exchange;
    const mounted = await mount(blobs, exchange);
    if (mounted) return created(exchange, mounted);
    const session = uploads.begin(name);
    const digest = query.get('digest');
    // A refused mount is answered as if it had not been asked for.
    if (digest === null || query.has('mount')) return progress(exchange, 202, { session, sizeBytes: 0 });
    await takeWhole(uploads, exchange, { session, digest: requireDigest(digest) });
    created(exchange, requireDigest(digest));
  };
  return { POST: post };
}

/** `/v2/<name>/blobs/uploads/<session>`: an upload under way. */
export function uploadRoutes(uploads: UploadStore): Handlers {
  const status = async (exchange: Exchange): Promise<void> => {
    const session = exchange.reference;
    progress(exchange, 204, { session, sizeBytes: await uploads.sizeBytes(exchange.name, session) });
  };
  const patch = async (exchange: Exchange): Promise<void> => {
    const session = exchange.reference;
    const chunk = await chunkOf(uploads, exchange);
    progress(exchange, 202, { session, sizeBytes: await uploads.append(exchange.name, session, chunk) });
  };
  const put = async (exchange: Exchange): Promise<void> => {
    const text = exchange.query.get('digest');
    if (text === null) throw digestInvalid('the digest parameter is missing');
    const digest = requireDigest(text);
    await uploads.finish(exchange.name, exchange.reference, { digest, chunk: await chunkOf(uploads, exchange) });
    created(exchange, digest);
  };
  const cancel = async (exchange: Exchange): Promise<void> => {
    await uploads.cancel(exchange.name, exchange.reference);
    respond(exchange, 204);
  };
  return { GET: status, PATCH: tellingOrder(patch), PUT: tellingOrder(put), DELETE: cancel };
}

async function mount(blobs: BlobStore, { name, query }: Exchange): Promise<Digest | undefined> {
  const digest = parseDigest(query.get('mount') ?? '');
  const from = query.get('from') ?? undefined;
  if (!digest || (from !== undefined && !isRepositoryName(from))) return undefined;
  return (await blobs.mount(digest, name, from)) ? digest : undefined;
}

async function takeWhole(
  uploads: UploadStore,
  exchange: Exchange,
  to: { session: string; digest: Digest },
): Promise<void> {
  try {
    await uploads.finish(exchange.name, to.session, { digest: to.digest, chunk: { body: bodyOf(exchange.req) } });
  } catch (error) {
    // Nobody knows the session: what came cannot be resumed.
    if (!(error instanceof DistributionError)) await uploads.cancel(exchange.name, to.session);
    throw error;
  }
}

async function chunkOf(uploads: UploadStore, { req, name, reference }: Exchange): Promise<Chunk> {
  const body = bodyOf(req);
  const header = req.headers['content-range'];
  if (header === undefined) return { body };
  const range = chunkRange(header);
  if (!range) throw new ChunkOutOfOrderError(await uploads.sizeBytes(name, reference));
  const length = req.headers['content-length'];
  if (length !== undefined && Number(length) !== range.last - range.first + 1) {
    throw sizeInvalid(400, `Content-Range ${header} does not fit Content-Length ${length}`);
  }
  return { body, range };
}

/** Answers a chunk in the wrong place with 416 and where the right place is. */
const tellingOrder =
  (handler: Handler): Handler =>
  async (exchange) => {
    try {
      await handler(exchange);
    } catch (error) {
      if (!(error instanceof ChunkOutOfOrderError)) throw error;
      const headers = progressHeaders(exchange.name, exchange.reference, error.sizeBytes);
      throw new DistributionError(416, { code: 'BLOB_UPLOAD_INVALID', message: error.message }, headers);
    }
  };

function created(exchange: Exchange, digest: Digest): void {
  const Location = `/v2/${exchange.name}/blobs/${digest.text}`;
  respond(exchange, 201, { headers: { Location, 'Docker-Content-Digest': digest.text } });
}

function progress(exchange: Exchange, status: number, upload: { session: string; sizeBytes: number }): void {
  respond(exchange, status, { headers: progressHeaders(exchange.name, upload.session, upload.sizeBytes) });
}

/** Range is inclusive, so an upload with one byte and one with none look alike: the specification leaves it so. */
const progressHeaders = (name: string, session: string, sizeBytes: number): OutgoingHttpHeaders => ({
  Location: `/v2/${name}/blobs/uploads/${session}`,
  Range: `0-${String(Math.max(0, sizeBytes - 1))}`,
  'Docker-Upload-UUID': session,
});
