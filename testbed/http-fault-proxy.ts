import { createServer, request as forward } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers a request instead of the server; false: let it through. */
export type HttpFault = (request: IncomingMessage, response: ServerResponse) => boolean;

export type SeenRequest = { method: string; url: string; authorization: string | undefined };

export type HttpFaultProxy = {
  address: string;
  /** Connections taken so far. */
  connections: number;
  /** What passed by, in order. */
  seen: SeenRequest[];
  /** How the next requests are treated; undefined: as the server does. */
  fault: HttpFault | undefined;
  /** Changes the headers of the server's replies. */
  onReply: ((headers: IncomingMessage['headers'], request: IncomingMessage) => void) | undefined;
  close(): Promise<void>;
};

/**
 * A proxy in front of a server, or a small server of its own when there is no upstream.
 * @param host where it listens; the address that pods know this machine by, where they are to reach it
 */
export async function startHttpFaultProxy(upstream?: string, host = '127.0.0.1'): Promise<HttpFaultProxy> {
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    proxy.seen.push({ method, url, authorization: headers.authorization });
    if (proxy.fault?.(request, response) === true) return;
    if (upstream === undefined) response.writeHead(404).end();
    else pass(proxy, upstream, [request, response]);
  });
  const proxy: HttpFaultProxy = {
    address: '',
    connections: 0,
    seen: [],
    fault: undefined,
    onReply: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  server.on('connection', () => (proxy.connections += 1));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  proxy.address = `${host}:${(server.address() as AddressInfo).port}`;
  return proxy;
}

function pass(proxy: HttpFaultProxy, upstream: string, [request, response]: [IncomingMessage, ServerResponse]): void {
  const [host, port] = upstream.split(':');
  // The Host header stays: a registry builds its Location from it, and S3 signs it.
  const options = { host, port, method: request.method, path: request.url, headers: request.headers };
  const outgoing = forward(options, (reply) => {
    proxy.onReply?.(reply.headers, request);
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  request.pipe(outgoing);
}
