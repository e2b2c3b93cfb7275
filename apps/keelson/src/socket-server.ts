import { parseEvent } from '@keelson/events';
import { outsideMessageJson } from '@keelson/bus';
import type { Bus, Parked } from '@keelson/bus';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { chmod, rm } from 'node:fs/promises';
import { z } from 'zod';

/** Commands send a few events at a time. */
const maxBodyBytes = 4 * 1024 * 1024;

const auditQuery = z.object({
  from: z.union([z.literal('end'), z.coerce.number().int().min(0)]),
  follow: z.stringbool(),
});
const offered = z.object({
  contentType: z.string().exactOptional(),
  headers: z.record(z.string(), z.string()),
  /** In base64. */
  body: z.base64(),
});
const unparkRequest = z.object({ id: z.string(), what: z.enum(['replay', 'drop']) });

/**
 * The command's way in while `up` runs: HTTP on a Unix socket that only its owner may open. The caller owns the data directory,
 * so a socket file that is there is a left-over.
 */
export async function serveSocket(bus: Bus, path: string): Promise<{ close: () => Promise<void> }> {
  const ended = new AbortController();
  const server = createServer((request, response) => {
    answer({ bus, request, response, signal: ended.signal }).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    });
  });
  await rm(path, { force: true });
  await listen(server, path);
  await chmod(path, 0o600);
  return {
    close: async () => {
      ended.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(path, { force: true });
    },
  };
}

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });

type Exchange = { bus: Bus; request: IncomingMessage; response: ServerResponse; signal: AbortSignal };

async function answer({ bus, request, response, signal }: Exchange): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://keelson');
  const route = `${request.method} ${url.pathname}`;
  switch (route) {
    case 'POST /v1/events': {
      const events = z.array(z.unknown()).parse(JSON.parse(await body(request)));
      await bus.publish(events.map(parseEvent), signal);
      return send(response, {});
    }
    case 'POST /v1/inbox': {
      const message = offered.parse(JSON.parse(await body(request)));
      await bus.offer({ ...message, body: Buffer.from(message.body, 'base64') });
      return send(response, {});
    }
    case 'GET /v1/audit':
      return streamAudit({ bus, request, response, signal }, url.searchParams);
    case 'GET /v1/queues':
      return send(response, await bus.queues());
    case 'GET /v1/parked':
      return send(response, (await bus.parked()).map(parkedForWire));
    case 'POST /v1/parked': {
      const { id, what } = unparkRequest.parse(JSON.parse(await body(request)));
      return send(response, { found: await bus.unpark(id, what) });
    }
    default:
      throw new Error(`there is no ${route}`);
  }
}

async function streamAudit({ bus, request, response, signal }: Exchange, query: URLSearchParams): Promise<void> {
  const options = auditQuery.parse(Object.fromEntries(query));
  const gone = new AbortController();
  request.on('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  for await (const entry of bus.replay(options, AbortSignal.any([signal, gone.signal]))) {
    if (!response.write(`${JSON.stringify(entry)}\n`))
      await new Promise((resolve) => response.once('drain', resolve).once('close', resolve));
  }
  response.end();
}

/** A message from outside as text, for its body is bytes. */
const parkedForWire = ({ message, ...parked }: Parked) =>
  message ? { ...parked, message: outsideMessageJson(message) } : parked;

function send(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function body(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > maxBodyBytes) throw new Error(`the request is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
