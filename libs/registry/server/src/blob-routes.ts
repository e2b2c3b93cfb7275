import type { OutgoingHttpHeaders } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { BlobStore } from './blob-store';
import type { Range } from './byte-range';
import { requestedRange } from './byte-range';
import { blobUnknown, DistributionError } from './distribution-error';
import type { Exchange, Handlers } from './exchange';
import { contentHeaders, notModified, requireDigest, respond } from './exchange';

/** `/v2/<name>/blobs/<digest>` */
export function blobRoutes(blobs: BlobStore): Handlers {
  const get = async (exchange: Exchange): Promise<void> => {
    const digest = requireDigest(exchange.reference);
    const link = await blobs.find(exchange.name, digest);
    if (!link) throw blobUnknown(exchange.name, digest.text);
    if (notModified(exchange, digest)) return;
    const range = rangeOf(exchange, link.sizeBytes);
    const sent = range ?? { first: 0, last: link.sizeBytes - 1 };
    const headers = { ...contentHeaders(digest), ...rangeHeaders(range, sent, link.sizeBytes) };
    if (exchange.req.method === 'HEAD') exchange.res.writeHead(200, headers).end();
    else await stream(exchange, range ? 206 : 200, { headers, pieces: blobs.read(digest, link, sent) });
  };

  const remove = async (exchange: Exchange): Promise<void> => {
    const digest = requireDigest(exchange.reference);
    if (!(await blobs.remove(exchange.name, digest))) throw blobUnknown(exchange.name, digest.text);
    respond(exchange, 202);
  };

  return { GET: get, HEAD: get, DELETE: remove };
}

async function stream(
  { res }: Exchange,
  status: number,
  answer: { headers: OutgoingHttpHeaders; pieces: AsyncGenerator<Uint8Array, void> },
): Promise<void> {
  // Read before the headers go out: a blob that cannot be read is an error then, not a torn answer.
  const first = await answer.pieces.next();
  res.writeHead(status, answer.headers);
  const all = async function* (): AsyncIterable<Uint8Array> {
    if (first.done) return;
    yield first.value;
    yield* answer.pieces;
  };
  await pipeline(all, res);
}

const rangeHeaders = (range: Range | undefined, sent: Range, sizeBytes: number): OutgoingHttpHeaders => ({
  'Content-Type': 'application/octet-stream',
  'Content-Length': sent.last - sent.first + 1,
  'Accept-Ranges': 'bytes',
  'Cache-Control': 'max-age=31536000, immutable',
  ...(range ? { 'Content-Range': `bytes ${String(range.first)}-${String(range.last)}/${String(sizeBytes)}` } : {}),
});

/** The range to send, undefined for all. A HEAD has none (RFC 9110, 14.2). */
function rangeOf({ req }: Exchange, sizeBytes: number): Range | undefined {
  const range = req.method === 'HEAD' ? 'whole' : requestedRange(req.headers.range, sizeBytes);
  if (range === 'whole') return undefined;
  if (range !== 'unsatisfiable') return range;
  const fault = { code: 'SIZE_INVALID', message: `the blob has ${String(sizeBytes)} bytes` } as const;
  throw new DistributionError(416, fault, { 'Content-Range': `bytes */${String(sizeBytes)}` });
}
