import { messageOf, park } from './answer';
import type { Answer } from './answer';
import { answerDelivery } from './answer-delivery';
import type { DeliveryTask, Taken } from './answer-delivery';
import type { BusParts } from './bus-parts';
import type { Found } from './delivery-lanes';
import { storeAnswer } from './store-answer';
import type { Taker } from './transaction';
import { atMost, pause } from './waiting';

type InWork = { found: Found; ended: Promise<void> };

/** What the deliveries of a queue carry. */
export type Read<T> = (offset: number) => Omit<Taken<T>, 'stored'>;

/** One call of `consume`: the deliveries it has in work, and what becomes of each. */
export class Consumer<T> implements Taker {
  readonly #parts: BusParts;
  readonly #task: DeliveryTask<T>;
  readonly #read: Read<T>;
  readonly #inWork = new Map<number, InWork>();
  readonly #stopping = new AbortController();

  /** @param read throws when what is stored is not of this version */
  constructor(parts: BusParts, task: DeliveryTask<T>, read: Read<T>) {
    this.#parts = parts;
    this.#task = task;
    this.#read = read;
  }

  get taking(): boolean {
    return !this.#stopping.signal.aborted;
  }

  get places(): number {
    return this.#task.prefetch - this.#inWork.size;
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
    const ended = Promise.all([...this.#inWork.values()].map((work) => work.ended));
    await atMost(this.#parts.graceMs, ended);
    await Promise.all([...this.#inWork.values()].map(({ found }) => this.#settle(found, { kind: 'give-back' })));
  }

  async #work(found: Found): Promise<void> {
    await this.#settle(found, await this.#answer(found));
  }

  async #answer(found: Found): Promise<Answer> {
    const { limits, onError } = this.#parts;
    let taken: Taken<T>;
    try {
      taken = { ...this.#read(found.offset), stored: found.delivery };
    } catch (error) {
      // Nothing that onPark could be told about; a person looks, or drops it.
      const text = `the stored event cannot be read: ${messageOf(error)}`;
      onError(new Error(`a delivery of ${this.#task.service} is parked: ${text}`, { cause: error }));
      return park('terminal', text, found.delivery);
    }
    return answerDelivery(this.#task, taken, { limits, onError, signal: this.#stopping.signal });
  }

  /** Stores the answer, however often the disk must be asked. When the bus closes first, the next start redelivers. */
  async #settle(found: Found, answer: Answer): Promise<void> {
    const { commits, closing, onError } = this.#parts;
    for (let waitMs = 250; ; waitMs = Math.min(waitMs * 2, 10_000)) {
      try {
        return await commits.run((transaction) => {
          // Answered, or given back, in the meantime: also a moment ago, in this very transaction.
          if (!this.#inWork.has(found.offset) || transaction.hasFreed(this, found.offset)) return;
          storeAnswer(this.#parts, { found, owner: this.#task.service }, answer);
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
