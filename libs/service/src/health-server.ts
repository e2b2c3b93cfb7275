import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health';

export type HealthServerOptions = {
  /** 0 for any free one; undefined: no server. */
  port: number | undefined;
  /** Default: loopback only. */
  host?: string;
  health: Health;
  /** What `/metrics` says; without it there is no such page. */
  metrics?: { contentType: string; text(): Promise<string> };
};

export type HealthServer = {
  /** Undefined when there is none. */
  port: number | undefined;
  close(): Promise<void>;
};

/**
 * Serves `/healthz` (the process answers), `/readyz` (every check is ready; 503 with the reasons otherwise) and `/metrics`.
 * @throws Error as `net.Server.listen` does, EADDRINUSE among them
 */
export async function startHealthServer(options: HealthServerOptions): Promise<HealthServer> {
  if (options.port === undefined) return { port: undefined, close: () => Promise.resolve() };
  const server = createServer((request, response) => {
    void answer(request, options).then(
      (page) => send(response, page),
      (error: unknown) => send(response, json(500, { error: String(error) })),
    );
  });
  server.listen(options.port, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { port: (server.address() as AddressInfo).port, close };
}

type Page = { status: number; contentType: string; body: string };

const json = (status: number, body: unknown): Page => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(body)}\n`,
});

async function answer(request: IncomingMessage, { health, metrics }: HealthServerOptions): Promise<Page> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'only GET and HEAD' });
  const path = request.url?.split('?', 1)[0];
  if (path === '/healthz') return json(200, { alive: true });
  if (path === '/readyz') {
    const report = await health.report();
    return json(report.ready ? 200 : 503, report);
  }
  if (path === '/metrics' && metrics) {
    return { status: 200, contentType: metrics.contentType, body: await metrics.text() };
  }
  return json(404, { error: 'there are /healthz, /readyz and /metrics' });
}

function send(response: ServerResponse, { status, contentType, body }: Page): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}
