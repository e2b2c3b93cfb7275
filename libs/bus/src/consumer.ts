import { TerminalError } from '@keelson/stage';
import type { Event } from '@keelson/events';
import { answerBeforehand, answerToError, answerToFailedPark, answerToOutcome, messageOf, park } from './answer';
import type { Answer, ParkAnswer } from './answer';
import { decodeAudit, encodeEvents } from './audit-log';
import type { AuditEntry, Handler, Subscription } from './bus';
import type { BusParts } from './bus-parts';
import type { Found } from './delivery-lanes';
import { storeAnswer } from './store-answer';
import type { StoredDelivery } from './stored-delivery';
import type { Taker } from './transaction';
import { pause } from './waiting';

type InWork = { found: Found; ended: Promise<void> };

/** One call of `consume`: the deliveries it has in work, and what becomes of each. */
export class Consumer implements Taker {
  readonly #parts: BusParts;
  readonly #subscription: Subscription;
  readonly #handler: Handler;
  readonly #inWork = new Map<number, InWork>();
  readonly #stopping = new AbortController();

  constructor(parts: BusParts, subscription: Subscription, handler: Handler) {
    this.#parts = parts;
    this.#subscription = subscription;
    this.#handler = handler;
  }

  get taking(): boolean {
    return !this.#stopping.signal.aborted;
  }

  get places(): number {
    return this.#subscription.prefetch - this.#inWork.size;
  }

  start(found: Found): void {
    // The entry must be there before the handler can end.
    const ended = Promise.resolve().then(() => this.#work(found));
    this.#inWork.set(found.offset, { found, ended });
  }

  forget(offset: number): void {
    this.#inWork.delete(offset);
  }

  /** Takes no more, tells the handlers to end, waits for them for a while, and gives back what they left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const waited = new AbortController();
    const ended = Promise.all([...this.#inWork.values()].map((work) => work.ended));
    await Promise.race([ended, pause(this.#parts.graceMs, waited.signal)]);
    waited.abort();
    await Promise.all([...this.#inWork.values()].map(({ found }) => this.#settle(found, { kind: 'give-back' })));
  }

  async #work(found: Found): Promise<void> {
    await this.#settle(found, await this.#answer(found));
  }

  async #answer(found: Found): Promise<Answer> {
    const { limits } = this.#parts;
    let entry: AuditEntry;
    try {
      entry = decodeAudit(this.#parts.audit.get(found.offset) ?? { offset: found.offset, text: '' });
    } catch (error) {
      // Nothing that onPark could be told about; a person looks, or drops it.
      const text = `the stored event cannot be read: ${messageOf(error)}`;
      this.#parts.onError(new Error(`a delivery of ${found.service} is parked: ${text}`, { cause: error }));
      return park('terminal', text, found.delivery);
    }
    const answer = answerBeforehand(found.delivery, limits) ?? (await this.#ask(entry, found.delivery));
    return answer.kind === 'park' ? this.#beforePark(entry.event, answer) : answer;
  }

  async #ask(entry: AuditEntry, stored: StoredDelivery): Promise<Answer> {
    const { limits } = this.#parts;
    const { failures, agains, redelivered } = stored;
    const delivery = { failures, agains, redelivered, publishedAtMs: entry.publishedAtMs };
    const startedMs = performance.now();
    try {
      const outcome = await this.#handler(entry.event, delivery, this.#stopping.signal);
      return answerToOutcome({ outcome, tookMs: performance.now() - startedMs }, stored, limits);
    } catch (error) {
      // We told it to end: whatever it threw then is not the delivery's failure.
      const interrupted = this.#stopping.signal.aborted && !(error instanceof TerminalError);
      return interrupted ? { kind: 'give-back' } : answerToError(error, stored, limits);
    }
  }

  async #beforePark(event: Event, answer: ParkAnswer): Promise<Answer> {
    const { onPark } = this.#subscription;
    if (!onPark) return answer;
    try {
      return { ...answer, events: encodeEvents(await onPark(event, answer.delivery.parking.reason)) };
    } catch (cause) {
      const text = `event ${event.id} of ${this.#subscription.service} is not parked yet: onPark failed: ${messageOf(cause)}`;
      this.#parts.onError(new Error(text, { cause }));
      return answerToFailedPark(answer, this.#parts.limits);
    }
  }

  /** Stores the answer, however often the disk must be asked. When the bus closes first, the next start redelivers. */
  async #settle(found: Found, answer: Answer): Promise<void> {
    const { commits, closing, onError } = this.#parts;
    for (let waitMs = 250; ; waitMs = Math.min(waitMs * 2, 10_000)) {
      try {
        return await commits.run((transaction) => {
          if (!this.#inWork.has(found.offset)) return; // given back in the meantime
          storeAnswer(this.#parts, found, answer);
          transaction.free(this, found.offset);
        });
      } catch (cause) {
        const text = `the answer to a delivery of ${found.service} could not be stored: ${messageOf(cause)}`;
        onError(new Error(text, { cause }));
        if (closing.signal.aborted) return;
        await pause(waitMs, closing.signal);
      }
    }
  }
}
