import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { parseDigest } from './digest';
import type { Digest } from './digest';
import { digestInvalid, sizeInvalid } from './distribution-error';

/** One request and its answer. `name` is a checked repository name, '' where the path has none. */
export type Exchange = {
  req: IncomingMessage;
  res: ServerResponse;
  name: string;
  reference: string;
  query: URLSearchParams;
};

/** Answers a request. Throws what the client is to be told as a DistributionError. */
export type Handler = (exchange: Exchange) => Promise<void>;
export type Handlers = Readonly<Partial<Record<string, Handler>>>;

/** Sends a whole answer. A HEAD gets the headers of the body it would have had. */
export function respond(
  { req, res }: Pick<Exchange, 'req' | 'res'>,
  status: number,
  answer: { headers?: OutgoingHttpHeaders; body?: Uint8Array } = {},
): void {
  const body = answer.body ?? Buffer.alloc(0);
  const length = status === 204 || status === 304 ? {} : { 'Content-Length': body.byteLength };
  res.writeHead(status, { ...length, ...answer.headers });
  res.end(req.method === 'HEAD' || status === 304 ? undefined : body);
}

export const respondJson = (
  exchange: Pick<Exchange, 'req' | 'res'>,
  status: number,
  answer: { headers?: OutgoingHttpHeaders; body: object },
): void =>
  respond(exchange, status, {
    headers: { 'Content-Type': 'application/json', ...answer.headers },
    body: Buffer.from(JSON.stringify(answer.body)),
  });

/** The request's body. Leaving it early does not end the connection: the answer goes out on it. */
export const bodyOf = (req: IncomingMessage): AsyncIterable<Uint8Array> => req.iterator({ destroyOnReturn: false });

/** The whole body, if it is no longer than this. @throws DistributionError 413 */
export async function readBody(req: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const tooLarge = () => sizeInvalid(413, `the body is longer than ${String(limitBytes)} bytes`);
  if (Number(req.headers['content-length'] ?? 0) > limitBytes) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of bodyOf(req)) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > limitBytes) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, sizeBytes);
}

/** @throws DistributionError DIGEST_INVALID */
export function requireDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest) return digest;
  throw digestInvalid(`${text} is no digest: expected sha256: or sha512: and lower-case hexadecimal digits`);
}

/** True, and answered with 304, when the client has this content already. */
export function notModified(exchange: Exchange, digest: Digest): boolean {
  const known = exchange.req.headers['if-none-match']?.split(',').map((tag) => tag.trim());
  if (!known?.includes(entityTag(digest))) return false;
  respond(exchange, 304, { headers: contentHeaders(digest) });
  return true;
}

export const contentHeaders = (digest: Digest): OutgoingHttpHeaders => ({
  'Docker-Content-Digest': digest.text,
  ETag: entityTag(digest),
});

const entityTag = (digest: Digest): string => `"${digest.text}"`;
