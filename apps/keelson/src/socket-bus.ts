import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { parseOutsideMessage } from '@keelson/bus';
import type { AuditEntry, Bus, Parked, QueueState } from '@keelson/bus';
import { parseEvent } from '@keelson/events';
import { UsageError } from './usage-error';

/** The bus of a running `up`, by its socket: what socket-server.ts serves. */
export class SocketBus {
  readonly isLive = true;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(readonly path: string) {}

  /** Whether somebody answers. */
  async isThere(): Promise<boolean> {
    try {
      await this.queues();
      return true;
    } catch {
      return false; // no socket, or a left-over with nobody behind it
    }
  }

  async publish(events: Parameters<Bus['publish']>[0]): Promise<void> {
    await this.#json('POST', '/v1/events', events);
  }

  async offer({ body, ...message }: Parameters<Bus['offer']>[0]): Promise<void> {
    await this.#json('POST', '/v1/inbox', { ...message, body: Buffer.from(body).toString('base64') });
  }

  /** Ends when caught up, when the signal aborts, and when the `up` ends. */
  async *replay(options: { from: number | 'end'; follow: boolean }, signal: AbortSignal): AsyncIterable<AuditEntry> {
    const response = await this.#send('GET', `/v1/audit?from=${options.from}&follow=${options.follow}`);
    const end = () => response.destroy();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      for await (const line of linesOf(response)) {
        const entry = JSON.parse(line) as AuditEntry;
        yield { ...entry, event: parseEvent(entry.event) };
      }
    } catch (error) {
      if (!response.destroyed) throw error; // else it was cut: by us, or by the end of the `up`
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
  }

  queues = async (): Promise<QueueState[]> => (await this.#json('GET', '/v1/queues')) as QueueState[];

  async parked(): Promise<Parked[]> {
    const parked = (await this.#json('GET', '/v1/parked')) as (Omit<Parked, 'message'> & { message?: string })[];
    return parked.map(({ message, ...rest }) => ({
      ...rest,
      event: rest.event,
      ...(message === undefined ? {} : { message: parseOutsideMessage(message) }),
    }));
  }

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

/** Whole lines of a response. (readline does not end when its input is destroyed.) */
async function* linesOf(response: IncomingMessage): AsyncIterable<string> {
  let begun = '';
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) {
    const [first = '', ...others] = piece.split('\n');
    const last = others.pop();
    begun += first;
    if (last === undefined) continue;
    yield begun;
    yield* others;
    begun = last;
  }
}
