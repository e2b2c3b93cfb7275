import type { ConsumeMessage } from 'amqplib';
import { messageOf, park } from '../answer';
import type { Answer } from '../answer';
import { answerDelivery } from '../answer-delivery';
import type { Taken } from '../answer-delivery';
import type { StoredDelivery } from '../stored-delivery';
import { atMost, pause } from '../waiting';
import { Acknowledger } from './acknowledger';
import type { AmqpParts } from './amqp-parts';
import { answerMessages } from './answer-messages';
import { backoffMs } from './backoff';
import { storedDeliveryOf, withoutForeignHeaders } from './delivery-headers';
import type { DeliveryKind } from './delivery-kind';
import { inSessions, lasting } from './session';
import type { Session } from './session';
import { UnroutableError } from './unroutable-error';
import { UnsendableError } from './unsendable-error';

/** What lasts as long as one session: its channel, its deliveries in work, and the signal that tells their handlers to end. */
type Work = {
  session: Session;
  acks: Acknowledger;
  stopping: AbortController;
  inWork: Map<ConsumeMessage, Promise<void>>;
  /** Those of them whose answer is being sent. */
  answered: WeakSet<ConsumeMessage>;
};

/** One call of `consume` or `consumeInbox`: takes deliveries of its queue and of its dead-letter queue, and sees to what becomes of each. */
export class QueueConsumer<T> {
  readonly #parts: AmqpParts;
  readonly #kind: DeliveryKind<T>;

  constructor(parts: AmqpParts, kind: DeliveryKind<T>) {
    this.#parts = parts;
    this.#kind = kind;
  }

  /** Until the signal aborts. @throws BusRefusedError */
  async run(signal: AbortSignal): Promise<void> {
    const { queues, task, declare } = this.#kind;
    let work: Work;
    let tags: string[];
    await inSessions(
      this.#parts,
      {
        what: `the consumer of ${queues.main}`,
        begin: async (session) => {
          const acks = new Acknowledger(session.channel);
          work = { session, acks, stopping: new AbortController(), inWork: new Map(), answered: new WeakSet() };
          await declare(session.channel);
          await session.channel.prefetch(task.prefetch);
          tags = [await this.#take(work, queues.main), await this.#take(work, queues.dlq)];
        },
        during: async (session) => {
          await lasting(session, signal, this.#parts.closing.signal);
          await this.#stop(work, tags);
        },
      },
      signal,
    );
  }

  async #take(work: Work, queue: string): Promise<string> {
    const { channel, end } = work.session;
    const isDead = queue === this.#kind.queues.dlq;
    const taken = (message: ConsumeMessage | null) => {
      if (!message) return end(`the broker cancelled the consumer of ${queue}: was the queue deleted?`);
      work.acks.delivered(message);
      const ended = Promise.resolve().then(() => this.#work(work, message, isDead));
      work.inWork.set(
        message,
        ended.finally(() => work.inWork.delete(message)),
      );
    };
    return (await channel.consume(queue, taken)).consumerTag;
  }

  /** Takes no more, tells the handlers to end, waits for them for a while, and gives back what they left unanswered. */
  async #stop(work: Work, tags: readonly string[]): Promise<void> {
    const { session, stopping, inWork, answered, acks } = work;
    const isAlive = !session.over.aborted;
    if (isAlive) await Promise.all(tags.map((tag) => session.channel.cancel(tag))).catch(() => undefined);
    stopping.abort();
    await atMost(this.#parts.graceMs, Promise.all(inWork.values()));
    const left = isAlive ? [...inWork] : [];
    inWork.clear(); // a late answer counts for nothing
    await Promise.all(
      left.map(([message, ended]) =>
        answered.has(message) ? atMost(giveBackWithinMs, ended) : this.#giveBack(work, message),
      ),
    );
    if (isAlive) acks.flush();
  }

  async #work(work: Work, message: ConsumeMessage, isDead: boolean): Promise<void> {
    const { stopping } = work;
    if (stopping.signal.aborted) return this.#giveBack(work, message);
    const known = storedDeliveryOf(message);
    const stored = isDead && !known.parking ? { ...known, parking: givenUp } : known;
    const answer = await this.#answer(message, stored, stopping.signal);
    if (!work.inWork.has(message)) return;
    work.answered.add(message);
    await this.#settle(work, { message, stored, answer });
  }

  async #answer(message: ConsumeMessage, stored: StoredDelivery, signal: AbortSignal): Promise<Answer> {
    const { limits, onError } = this.#parts;
    let taken: Taken<T>;
    try {
      taken = { ...this.#kind.read(message), stored };
    } catch (error) {
      // Nothing that onPark could be told about; a person looks, or drops it.
      const text = `the message cannot be read: ${messageOf(error)}`;
      onError(new Error(`a delivery of ${this.#kind.queues.main} is parked: ${text}`, { cause: error }));
      return park('terminal', text, stored);
    }
    return answerDelivery(this.#kind.task, taken, { limits, onError, signal });
  }

  /** Sends what the answer leads to, then acknowledges. When the session is over first, the broker delivers again. */
  async #settle({ session, acks }: Work, settled: Settled): Promise<void> {
    const { onError, publisher } = this.#parts;
    let { answer, message } = settled;
    for (let tries = 0; !session.over.aborted; tries += 1) {
      try {
        await publisher.send(this.#messages({ ...settled, message, answer }), session.over);
        return acks.done(settled.message);
      } catch (cause) {
        if (session.over.aborted) return;
        const name = `the answer to a delivery of ${this.#kind.queues.main}`;
        onError(new Error(`${name} is not sent yet: ${messageOf(cause)}`, { cause }));
        // What its sender wrote there, the broker took, and we cannot say again.
        if (cause instanceof UnsendableError) message = withoutForeignHeaders(message);
        // Who takes these events is not there: not held until then, but looked at again.
        else if (cause instanceof UnroutableError && answer.kind === 'done')
          answer = notYet(settled.stored, this.#parts);
        else if (cause instanceof UnroutableError) return session.end(cause.message);
        else await pause(backoffMs(tries), session.over);
      }
    }
  }

  async #giveBack({ acks }: Work, message: ConsumeMessage): Promise<void> {
    const settled = { message, stored: storedDeliveryOf(message), answer: { kind: 'give-back' } as const };
    try {
      await this.#parts.publisher.send(this.#messages(settled), AbortSignal.timeout(giveBackWithinMs));
      acks.done(message);
    } catch {
      // Closing the channel gives it back too, and counts as a hand-out.
    }
  }

  #messages(settled: Settled) {
    const { names, waits, mandatory, wallClock } = this.#parts;
    const { queues, parking } = this.#kind;
    return answerMessages(settled, { names, waits, mandatory, queues, parking, nowMs: wallClock() });
  }
}

type Settled = { message: ConsumeMessage; stored: StoredDelivery; answer: Answer };

const giveBackWithinMs = 1_000;

const givenUp = {
  reason: {
    code: 'crash-loop' as const,
    error: 'the broker gave it up: it was handed out again and again without an answer',
  },
  tries: 0,
};

function notYet(stored: StoredDelivery, { limits }: AmqpParts): Answer {
  const delayMs = limits.againMs['10s'];
  const delivery = { ...stored, handOuts: 0, redelivered: false, agains: stored.agains + 1, delayMs };
  return { kind: 'wait', lane: 'again', delayMs, delivery };
}
