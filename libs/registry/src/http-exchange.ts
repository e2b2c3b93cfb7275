import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { networkError } from './network-error';
import { RegistryProtocolError } from './registry-errors';
import type { RegistryHost } from './registry-host';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/** What is sent, opened anew for each try. */
export type RequestBody = {
  sizeBytes: number;
  open(): Uint8Array | AsyncIterable<Uint8Array>;
};

export type HttpRequest = {
  method: Method;
  url: URL;
  headers: Record<string, string>;
  body?: RequestBody;
};

/** The body must be read or destroyed, or the connection stays taken. */
export type HttpReply = {
  status: number;
  headers: Dispatcher.ResponseData['headers'];
  body: Readable;
  /** Where the reply came from, behind redirects. */
  url: URL;
};

const maxRedirects = 5;

/** Registries on object storage answer an upload only when they have copied it: 10 MB/s is granted to the slowest. */
const slowestBytesPerMs = 10_000;
const redirectStatus = new Set([301, 302, 303, 307, 308]);

/**
 * One request on the registry's connections; GET and HEAD follow redirects. A login is sent to the first origin only, and
 * nothing ever goes from https to http: blobs are served by other hosts, which must learn nothing but the URL.
 * @throws RegistryUnavailableError, RegistryProtocolError, or the signal's reason
 */
export async function exchange(host: RegistryHost, first: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
  let current = first;
  for (let followed = 0; followed <= maxRedirects; followed += 1) {
    const reply = await sendOnce(host, current, signal);
    const mayFollow = current.method === 'GET' || current.method === 'HEAD';
    if (!mayFollow || !redirectStatus.has(reply.status)) return reply;
    await discard(reply);
    current = { ...current, ...redirected(current, reply) };
  }
  throw new RegistryProtocolError(`${first.method} ${shownUrl(first.url)}: more than ${maxRedirects} redirects`);
}

/**
 * Where a Location header leads. @throws RegistryProtocolError when there is none, or it leads where nothing may go
 */
export function locationOf(reply: HttpReply): URL {
  const location = reply.headers.location;
  const from = shownUrl(reply.url);
  if (typeof location !== 'string' || !URL.canParse(location, reply.url.href)) {
    throw new RegistryProtocolError(`${from}: ${reply.status} without a usable Location`);
  }
  const url = new URL(location, reply.url);
  const isDowngrade = reply.url.protocol === 'https:' && url.protocol !== 'https:';
  if (isDowngrade || !['http:', 'https:'].includes(url.protocol)) {
    throw new RegistryProtocolError(`${from}: leads from https to ${url.protocol}//${url.host}, which is refused`);
  }
  url.username = '';
  url.password = '';
  return url;
}

/** A URL for messages, without its query: that may carry a signature. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}`;

/** Ends a reply whose body nobody wants; keeps the connection when the rest is short and comes soon. Never throws. */
export async function discard(reply: HttpReply): Promise<void> {
  const [maxBytes, maxMs] = [64 * 1024, 2000];
  const deadline = setTimeout(() => reply.body.destroy(), maxMs);
  let size = 0;
  try {
    for await (const chunk of reply.body) {
      size += (chunk as Uint8Array).byteLength;
      if (size > maxBytes) break;
    }
  } catch {
    // Whatever breaks here, the status has been read, and that was all the caller wanted.
  } finally {
    clearTimeout(deadline);
  }
}

function redirected(from: HttpRequest, reply: HttpReply): Pick<HttpRequest, 'url' | 'headers'> {
  const url = locationOf(reply);
  if (url.origin === from.url.origin) return { url, headers: from.headers };
  const headers = { ...from.headers };
  delete headers.authorization;
  return { url, headers };
}

async function sendOnce(host: RegistryHost, outgoing: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
  signal.throwIfAborted();
  // Many requests share one signal; Node warns of a leak from the eleventh listener on.
  setMaxListeners(0, signal);
  const source = new SourceFault();
  try {
    const reply = await request(outgoing.url, {
      dispatcher: host.agent,
      method: outgoing.method,
      headers: { ...outgoing.headers, ...sizeHeader(outgoing) },
      body: outgoing.body === undefined ? null : source.bodyOf(outgoing.body),
      headersTimeout: host.headersMs + (outgoing.body?.sizeBytes ?? 0) / slowestBytesPerMs,
      signal,
    });
    // A body that is destroyed unread emits an error, and without a listener that would end the process.
    reply.body.on('error', () => undefined);
    return { status: reply.statusCode, headers: reply.headers, body: reply.body, url: outgoing.url };
  } catch (error) {
    if (source.fault !== undefined) throw source.fault.error;
    throw networkError(error, `${outgoing.method} ${shownUrl(outgoing.url)}`, signal);
  }
}

function sizeHeader(outgoing: HttpRequest): Record<string, string> {
  if (outgoing.body !== undefined) return { 'content-length': String(outgoing.body.sizeBytes) };
  return outgoing.method === 'POST' || outgoing.method === 'PUT' ? { 'content-length': '0' } : {};
}

/** Tells a fault of whoever gives the bytes from one of the network: only the latter is the registry's. */
class SourceFault {
  fault: { error: unknown } | undefined;

  bodyOf(body: RequestBody): Uint8Array | Readable {
    const opened = body.open();
    return opened instanceof Uint8Array ? opened : Readable.from(this.watched(opened), { objectMode: false });
  }

  /** Step by step: an error that is thrown in at a `yield` is the network's, one that `next` throws is the source's. */
  private async *watched(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const iterator = source[Symbol.asyncIterator]();
    try {
      for (let step = await this.next(iterator); step.done !== true; step = await this.next(iterator)) yield step.value;
    } finally {
      await iterator.return?.();
    }
  }

  private async next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    try {
      return await iterator.next();
    } catch (error) {
      this.fault = { error };
      throw error;
    }
  }
}
