import { BusInUseError, LmdbBus } from '@keelson/bus';
import type { AuditEntry, Bus, Parked, QueueState } from '@keelson/bus';
import { parseEvent } from '@keelson/events';
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { socketPath } from './data-directory';
import type { DataDirectory } from './data-directory';
import { UsageError } from './usage-error';

/** What commands need of a bus. */
export type BusAccess = Pick<Bus, 'publish' | 'replay' | 'queues' | 'parked' | 'unpark' | 'close'> & {
  /** Whether an `up` is there to act on what is published. */
  isLive: boolean;
};

/** The bus of a data directory: through its running `up`, or, when there is none, the store itself. @throws UsageError */
export async function openBusAccess(data: DataDirectory): Promise<BusAccess> {
  const path = await socketPath(data);
  const live = new SocketBus(path);
  if (await live.isThere()) return live;
  try {
    const bus = await LmdbBus.open({ directory: data.bus });
    return Object.assign(bus, { isLive: false });
  } catch (error) {
    if (error instanceof BusInUseError)
      throw new UsageError(`${error.message}; it does not answer on ${path}`, { cause: error });
    throw error;
  }
}

/** A running `up`, by its socket. */
class SocketBus implements BusAccess {
  readonly isLive = true;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly path: string) {}

  async isThere(): Promise<boolean> {
    try {
      await this.queues();
      return true;
    } catch {
      return false; // no socket, or nobody behind it: the store can be opened
    }
  }

  async publish(events: Parameters<Bus['publish']>[0]): Promise<void> {
    await this.#json('POST', '/v1/events', events);
  }

  async *replay(options: { from: number; follow: boolean }, signal: AbortSignal): AsyncIterable<AuditEntry> {
    const response = await this.#send('GET', `/v1/audit?from=${options.from}&follow=${options.follow}`);
    signal.addEventListener('abort', () => response.destroy(), { once: true });
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Infinity })) {
        const entry = JSON.parse(line) as AuditEntry;
        yield { ...entry, event: parseEvent(entry.event) };
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  queues = async (): Promise<QueueState[]> => (await this.#json('GET', '/v1/queues')) as QueueState[];

  parked = async (): Promise<Parked[]> => (await this.#json('GET', '/v1/parked')) as Parked[];

  async unpark(id: string, what: 'replay' | 'drop'): Promise<boolean> {
    return ((await this.#json('POST', '/v1/parked', { id, what })) as { found: boolean }).found;
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  async #json(method: string, path: string, value?: unknown): Promise<unknown> {
    const response = await this.#send(method, path, value);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const reply: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (response.statusCode === 200) return reply;
    throw new UsageError(`the running keelson refused: ${(reply as { error?: string }).error ?? response.statusCode}`);
  }

  #send(method: string, path: string, value?: unknown): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.path, path, method, agent: this.#agent }, resolve);
      outgoing.once('error', reject);
      outgoing.end(value === undefined ? undefined : JSON.stringify(value));
    });
  }
}
