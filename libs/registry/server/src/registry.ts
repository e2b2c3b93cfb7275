import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { RegistryLimits, RegistryOptions } from './options';
import { defaultLimits } from './options';
import type { RegistryHandler } from './request-handler';
import { openRegistryHandler } from './request-handler';

export type Registry = {
  address: { host: string; port: number };
  /** Takes no more connections, lets requests under way end, or breaks them off after the grace, and stops. May be called twice. */
  close(): Promise<void>;
};

const sweepEveryMs = 3_600_000;

/**
 * Serves OCI distribution (https://github.com/opencontainers/distribution-spec, 1.1) over plain HTTP from an object store.
 * @throws Error when the address cannot be listened on; ObjectStoreError when the store cannot be read
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const limits = { ...defaultLimits, ...options.limits };
  const handler = await openRegistryHandler(options);
  const running = new Running(handler, limits);
  const address = await running.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  const sweep = (): void => {
    handler
      .sweep()
      .catch((cause: unknown) => options.onWarning?.({ message: 'expired uploads were not dropped', cause }));
  };
  sweep();
  const timer = setInterval(sweep, sweepEveryMs).unref();
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    clearInterval(timer);
    return (closed ??= running.close());
  };
  return { address, close };
}

/** The server and the requests under way in it. */
class Running {
  private readonly underWay = new Set<Promise<void>>();
  private readonly server: Server;
  private closing = false;

  constructor(
    handler: RegistryHandler,
    private readonly limits: RegistryLimits,
  ) {
    this.server = createServer(
      {
        headersTimeout: limits.headersTimeoutMs,
        keepAliveTimeout: limits.keepAliveMs,
        connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 5_000),
        // A large blob over a slow line takes what it takes; a connection on which nothing moves is ended below.
        requestTimeout: 0,
      },
      (req, res) => {
        const work = handler.handle(req, res).finally(() => this.ended(work));
        this.underWay.add(work);
      },
    );
    this.server.setTimeout(limits.idleTimeoutMs);
  }

  async listen(port: number, host: string): Promise<Registry['address']> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    const { address, port: bound } = this.server.address() as AddressInfo;
    return { host: address, port: bound };
  }

  async close(): Promise<void> {
    this.closing = true;
    // Closes connections that wait, too.
    const stopped = new Promise<void>((resolve) => this.server.close(() => resolve()));
    const grace = new AbortController();
    const forced = delay(this.limits.closeGraceMs, undefined, { signal: grace.signal }).then(
      () => this.server.closeAllConnections(),
      // Everything ended by itself.
      () => undefined,
    );
    await stopped;
    grace.abort();
    await forced;
    // A request broken off still keeps what came of its upload.
    await Promise.all(this.underWay);
  }

  private ended(work: Promise<void>): void {
    this.underWay.delete(work);
    // The connection counts as idle only after this turn.
    if (this.closing) setImmediate(() => this.server.closeIdleConnections());
  }
}
