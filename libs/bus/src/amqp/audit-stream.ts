import { randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { z } from 'zod';
import { messageOf } from '../answer';
import { BusUnavailableError } from '../bus';
import type { AuditEntry } from '../bus';
import { Wake } from '../waiting';
import type { AmqpParts } from './amqp-parts';
import { readEvent } from './delivery-kind';
import type { OutMessage } from './message';
import { inSessions, lasting } from './session';
import type { Session } from './session';
import { UnroutableError } from './unroutable-error';

/** How far the broker reads ahead of us. */
const readAhead = 256;
const markHeader = 'x-keelson-mark';

const offsetHeader = z.object({ 'x-stream-offset': z.int().min(0) });

type Row = { message: ConsumeMessage; session: Session };

/**
 * One reading of the audit stream. Where the end is the broker does not tell: a reading that is to end there puts a mark behind
 * everything and ends when it comes by.
 */
export class AuditReading {
  readonly #parts: AmqpParts;
  readonly #rows: Row[] = [];
  readonly #arrived = new Wake();
  readonly #ending = new AbortController();
  readonly #mark = randomUUID();
  readonly #started = new AbortController();
  #next: number | 'next';
  #failure: unknown;

  constructor(parts: AmqpParts, from: number | 'end') {
    this.#parts = parts;
    this.#next = from === 'end' ? 'next' : from;
  }

  /** Begins to read, and goes on over lost connections until `end`. Resolves when the first session has begun, or none will. */
  async start(): Promise<void> {
    const running = this.#run().catch((error: unknown) => (this.#failure = error));
    void running.then(() => (this.#ending.abort(), this.#started.abort(), this.#arrived.ring()));
    await new Promise<void>((resolve) => {
      if (this.#started.signal.aborted) resolve();
      else this.#started.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  end(): void {
    this.#ending.abort();
    this.#arrived.ring();
  }

  /** Entries as they come; with `follow` until a signal aborts, else up to what was there at the call. */
  async *entries(follow: boolean, signal: AbortSignal): AsyncGenerator<AuditEntry, void, undefined> {
    const over = () => signal.aborted || this.#ending.signal.aborted;
    if (!follow && !over() && (await this.#isBehindTheEnd(signal))) return this.end();
    while (!over()) {
      const row = this.#rows.shift();
      if (!row) await this.#arrived.next(signal, this.#ending.signal);
      else if (this.#isOurMark(row)) return this.end();
      else yield* this.#entryOf(row);
    }
    if (this.#failure) throw this.#failure as Error;
  }

  /** Puts the mark. An offset that is not there yet the broker would wait for, and never come to the mark. */
  async #isBehindTheEnd(signal: AbortSignal): Promise<boolean> {
    const from = this.#next;
    const probe = typeof from === 'number' && from > 0 ? new AuditReading(this.#parts, 'end') : undefined;
    await probe?.start();
    await this.#putMark(signal);
    return probe !== undefined && Number(from) > (await probe.#offsetOfNext(signal));
  }

  async #putMark(signal: AbortSignal): Promise<void> {
    const { publisher, names } = this.#parts;
    try {
      await publisher.send([this.#markMessage()], signal);
    } catch (cause) {
      if (!(cause instanceof UnroutableError)) throw cause;
      const text = `the broker has no stream ${names.audit} now, what is for it waits in ${names.auditLate}: try again`;
      throw new BusUnavailableError(text, { cause });
    }
  }

  /** The offset of the next message there is, whatever it is. Ends the reading. */
  async #offsetOfNext(signal: AbortSignal): Promise<number> {
    while (this.#rows.length === 0 && !signal.aborted && !this.#ending.signal.aborted) {
      await this.#arrived.next(signal, this.#ending.signal);
    }
    this.end();
    const row = this.#rows[0];
    return row ? offsetOf(row.message) : Infinity;
  }

  #run(): Promise<void> {
    const { names, closing } = this.#parts;
    return inSessions(
      this.#parts,
      {
        what: 'reading the audit',
        begin: async (session) => {
          await session.channel.prefetch(readAhead);
          const args = { 'x-stream-offset': this.#next };
          await session.channel.consume(names.audit, (message) => this.#take(session, message), { arguments: args });
          this.#started.abort();
        },
        during: (session) => lasting(session, this.#ending.signal, closing.signal),
      },
      this.#ending.signal,
    );
  }

  #take(session: Session, message: ConsumeMessage | null): void {
    if (!message) return session.end('the broker cancelled it: was the stream deleted?');
    const offset = offsetOf(message);
    const isMark = message.properties.headers?.[markHeader] === this.#mark;
    // A chunk is sent whole: it may begin before what was asked for.
    if (typeof this.#next === 'number' && offset < this.#next && !isMark) return session.channel.ack(message);
    if (!isMark) this.#next = offset + 1;
    this.#rows.push({ message, session });
    this.#arrived.ring();
  }

  #isOurMark({ message }: Row): boolean {
    return message.properties.headers?.[markHeader] === this.#mark;
  }

  /** Asks the broker for one more in its place. What cannot be read is left out and reported; the marks of other readings are not. */
  #entryOf({ message, session }: Row): AuditEntry[] {
    if (!session.over.aborted) session.channel.ack(message);
    if (message.properties.headers?.[markHeader] !== undefined) return [];
    const offset = offsetOf(message);
    try {
      const { content, publishedAtMs } = readEvent(message);
      return [{ offset, publishedAtMs, event: content }];
    } catch (cause) {
      this.#parts.onError(new Error(`audit entry ${offset} cannot be read: ${messageOf(cause)}`, { cause }));
      return [];
    }
  }

  #markMessage(): OutMessage {
    const properties = { type: 'keelson.mark', headers: { [markHeader]: this.#mark } };
    return { exchange: this.#parts.names.audit, key: '', body: Buffer.alloc(0), mandatory: true, properties };
  }
}

const offsetOf = (message: ConsumeMessage): number =>
  offsetHeader.parse(message.properties.headers ?? {})['x-stream-offset'];
