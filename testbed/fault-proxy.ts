import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What happens to what passes; see `FaultProxy`. */
export type Flow = 'pass' | 'hold' | 'refuse';

/**
 * A TCP proxy on a free port of 127.0.0.1 in front of a server (`host:port`), for what goes wrong between two processes.
 * It knows no protocol; HttpFaultProxy answers HTTP requests itself.
 */
export class FaultProxy {
  private readonly pairs = new Set<Pair>();
  private flow: Flow = 'pass';
  /** Connections accepted so far. */
  accepted = 0;

  private constructor(
    private readonly server: Server,
    private readonly upstream: { host: string; port: number },
  ) {}

  static async start(upstream: string): Promise<FaultProxy> {
    const [host = '', port = ''] = upstream.split(':');
    const server = createServer({ allowHalfOpen: true });
    const proxy = new FaultProxy(server, { host, port: Number(port) });
    server.on('connection', (client) => proxy.accept(client));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** `host:port` to connect to. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** From now on: passes everything; holds it (connections stay open, no byte moves, either way); or cuts every connection at once. */
  set(flow: Flow): void {
    this.flow = flow;
    if (flow === 'refuse') this.cut();
    for (const pair of this.pairs) pair.hold(flow === 'hold');
  }

  /** Resets every open connection. New ones are let through. */
  cut(): void {
    for (const pair of this.pairs) pair.reset();
  }

  /** Holds back the server's bytes from now on, lets the client's through: what was asked is done, and its answer is not told. */
  holdReplies(): void {
    for (const pair of this.pairs) pair.passes('replies', false);
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.cut();
    await closed;
  }

  private accept(client: Socket): void {
    this.accepted += 1;
    if (this.flow === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, connect({ ...this.upstream, allowHalfOpen: true }));
    this.pairs.add(pair);
    client.once('close', () => this.pairs.delete(pair));
    pair.hold(this.flow === 'hold');
  }
}

/** A client's connection and ours to the server. */
class Pair {
  private readonly open = { requests: false, replies: false };

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => to.resetAndDestroy());
      from.on('close', () => to.destroy());
    }
  }

  hold(held: boolean): void {
    this.passes('requests', !held);
    this.passes('replies', !held);
  }

  passes(what: 'requests' | 'replies', open: boolean): void {
    if (this.open[what] === open) return;
    this.open[what] = open;
    const [from, to] = what === 'requests' ? [this.client, this.server] : [this.server, this.client];
    if (open) {
      from.pipe(to);
      return;
    }
    from.unpipe(to);
    from.pause();
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.server.resetAndDestroy();
  }
}
