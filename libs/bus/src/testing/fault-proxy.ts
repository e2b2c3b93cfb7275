import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** A TCP proxy in front of a real server that does to connections what networks and machines do to them. */
export class FaultProxy {
  readonly #server: Server;
  readonly #pairs = new Set<{ near: Socket; far: Socket }>();
  #isRefusing = false;
  /** What the server has sent is held back, as by a network that lost it. */
  #isDeaf = false;

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((near) => {
      if (this.#isRefusing) return near.destroy();
      const far = connect({ ...target, noDelay: true });
      near.setNoDelay(true);
      const pair = { near, far };
      this.#pairs.add(pair);
      near.on('data', (bytes: Buffer) => far.write(bytes));
      far.on('data', (bytes: Buffer) => {
        if (!this.#isDeaf) near.write(bytes);
      });
      const end = () => {
        near.destroy();
        far.destroy();
        this.#pairs.delete(pair);
      };
      for (const socket of [near, far]) socket.on('error', end).on('close', end);
    });
  }

  static async before(url: string): Promise<FaultProxy> {
    const { hostname, port } = new URL(url);
    const proxy = new FaultProxy({ host: hostname, port: Number(port || '5672') });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  /** The URL with this proxy's address instead of the server's. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.#server.address() as AddressInfo).port);
    return changed.href;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** Cuts every connection there is. */
  cut(): void {
    this.#isDeaf = false;
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** From now on what the server says does not arrive; what it is told does. Ends with the next `cut`. */
  deafen(): void {
    this.#isDeaf = true;
  }

  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  async close(): Promise<void> {
    this.#isRefusing = true;
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
