import type { ConsumeMessage } from 'amqplib';
import { messageOf } from '../answer';
import { atMost, pause, untilAborted, Wake } from '../waiting';
import type { AmqpParts } from './amqp-parts';
import { backoffMs } from './backoff';
import type { OutMessage } from './message';
import { inSessions, onChannel } from './session';
import type { Session } from './session';
import { declareAudit, declareExchanges } from './topology';

const moveAgainMs = 1_000;
/** Messages that the broker sends ahead of us. */
const readAhead = 64;

/** Declares the audit's stream, and puts into it what it did not take when it was published. */
export class AuditKeeper {
  readonly #parts: AmqpParts;
  readonly #begun = new AbortController();
  #declaring: Promise<void> | undefined;
  #isAway = false;

  constructor(parts: AmqpParts) {
    this.#parts = parts;
  }

  /** Until the bus closes. @throws BusRefusedError */
  run(): Promise<void> {
    const { closing } = this.#parts;
    const arrived = new Wake();
    let waiting: ConsumeMessage[] = [];
    return inSessions(
      this.#parts,
      {
        what: 'keeping the audit',
        begin: async (session) => {
          waiting = [];
          await this.#begin(session, (message) => {
            waiting.push(message);
            arrived.ring();
          });
        },
        during: async (session) => {
          while (!session.over.aborted && !closing.signal.aborted) {
            const message = waiting.shift();
            if (message) await this.#move(session, message);
            else await arrived.next(session.over, closing.signal);
          }
        },
      },
      closing.signal,
    );
  }

  /** Resolves when the stream was declared, or after a moment. */
  begun(): Promise<void> {
    return atMost(2 * this.#declareWithinMs, untilAborted(this.#begun.signal, this.#parts.closing.signal));
  }

  /** While the broker has no leader for the stream it may answer late, or not at all. */
  get #declareWithinMs(): number {
    return 2 * this.#parts.auditWaitMs;
  }

  async #begin(session: Session, take: (message: ConsumeMessage) => void): Promise<void> {
    const { names } = this.#parts;
    await declareExchanges(session.channel, names);
    await this.#declare();
    this.#begun.abort();
    await session.channel.prefetch(readAhead);
    await session.channel.consume(names.auditLate, (message) => {
      if (message) take(message);
      else session.end('the broker cancelled it: was the queue deleted?');
    });
  }

  /** Tries it, not for long. When the broker refuses it the bus is ended by that. */
  async #declare(): Promise<void> {
    this.#declaring ??= onChannel(this.#parts, (channel) => declareAudit(channel, this.#parts.names))
      .catch((cause: unknown) => this.#isGone(cause))
      .finally(() => (this.#declaring = undefined));
    await atMost(this.#declareWithinMs, this.#declaring);
  }

  async #move({ channel, over }: Session, message: ConsumeMessage): Promise<void> {
    const { publisher, closing } = this.#parts;
    const isOver = () => over.aborted || closing.signal.aborted;
    for (let tries = 0; !isOver(); tries += 1) {
      try {
        await publisher.send([this.#toStream(message)], over);
        this.#isAway = false;
        return channel.ack(message);
      } catch (cause) {
        if (isOver()) return;
        this.#isGone(cause);
        await this.#declare();
        await pause(moveAgainMs + backoffMs(tries), over, closing.signal);
      }
    }
  }

  #toStream({ content, properties }: ConsumeMessage): OutMessage {
    const { type = '' } = properties as OutMessage['properties'];
    const { audit } = this.#parts.names;
    return {
      exchange: audit,
      key: type,
      body: content,
      mandatory: true,
      properties: properties as OutMessage['properties'],
    };
  }

  /** Tells it once. */
  #isGone(cause: unknown): void {
    const { closing, names, onError } = this.#parts;
    if (!this.#isAway && !closing.signal.aborted) {
      const text = `the audit's stream takes nothing now, what is for it waits in ${names.auditLate}: ${messageOf(cause)}`;
      onError(new Error(text, { cause }));
    }
    this.#isAway = true;
  }
}
