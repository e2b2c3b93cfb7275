import type { ConfirmChannel } from 'amqplib';
import { messageOf } from '../answer';
import { BusUnavailableError } from '../bus';
import { pause } from '../waiting';
import { backoffMs } from './backoff';
import { ConfirmingChannel } from './confirm-channel';
import type { Link } from './link';
import type { OutMessage } from './message';
import { isRefusal } from './refusal';
import { UnroutableError } from './unroutable-error';

export type PublisherOptions = {
  link: Link;
  /** Declares what is published to, on every new channel. */
  prepare: (channel: ConfirmChannel) => Promise<unknown>;
  /** How long one call tries, in milliseconds. */
  patienceMs: number;
  /** How long a message is waited for that has a spare queue, in milliseconds. */
  spareAfterMs: number;
  /** Told when the broker does not let us publish. */
  refused: (cause: unknown) => Error;
};

/** Sent before the confirms of the first are there; more only fill buffers. */
const inFlightAtMost = 256;

/** For how long all messages that have a spare queue go there at once, after one was not taken. */
const spareForMs = 5_000;

/** Publishes with confirms. Messages are sent again until each is confirmed, so that only those whose fate is unknown can be doubled. */
export class Publisher {
  readonly #options: PublisherOptions;
  #open: ConfirmingChannel | undefined;
  /** Several callers at once share one. */
  #opening: Promise<ConfirmingChannel> | undefined;
  #spareUntilMs = -Infinity;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** Makes sure that there is a channel, with what it publishes to declared. @throws BusUnavailableError, BusRefusedError */
  async open(): Promise<void> {
    await this.#openChannel({ endMs: performance.now() + this.#options.patienceMs, signal: undefined });
  }

  /**
   * Resolves when every message is confirmed.
   * @throws UnroutableError when one that must be taken reached no queue
   * @throws UnsendableError when one cannot be sent at all
   * @throws BusUnavailableError when not all were confirmed in time, or the signal aborted
   * @throws BusRefusedError when the broker does not let us publish
   */
  async send(messages: readonly OutMessage[], signal?: AbortSignal): Promise<void> {
    for (let from = 0; from < messages.length; from += inFlightAtMost) {
      await this.#sendGroup(messages.slice(from, from + inFlightAtMost), signal);
    }
  }

  async #sendGroup(messages: readonly OutMessage[], signal: AbortSignal | undefined): Promise<void> {
    const endMs = performance.now() + this.#options.patienceMs;
    const attempts = { endMs, signal, why: 'the broker did not confirm' };
    const isSpared = performance.now() < this.#spareUntilMs;
    let left = await this.#attempt(isSpared ? messages.map(toSpare) : messages, attempts);
    for (let tries = 0; left.length > 0; tries += 1) {
      await pause(Math.min(backoffMs(tries), endMs - performance.now()), ...(signal ? [signal] : []));
      if (performance.now() >= endMs || signal?.aborted) {
        throw new BusUnavailableError(
          `${left.length} of ${messages.length} messages are not confirmed: ${attempts.why}`,
        );
      }
      left = await this.#attempt(left, attempts);
    }
  }

  /** Sends once; returns what is to be sent again, and writes down why. */
  async #attempt(messages: readonly OutMessage[], attempts: Attempts): Promise<readonly OutMessage[]> {
    let channel: ConfirmingChannel;
    try {
      channel = await this.#openChannel(attempts);
    } catch (cause) {
      if (!(cause instanceof BusUnavailableError)) throw cause;
      attempts.why = cause.message;
      return messages;
    }
    const withinMs = Math.max(attempts.endMs - performance.now(), 1);
    const fates = await channel.send(messages, { withinMs, spareAfterMs: this.#options.spareAfterMs });
    if (!channel.isOpen && isRefusal(channel.closedBy)) throw this.#options.refused(channel.closedBy);
    const unroutable = messages.filter(({ spare }, index) => fates[index] === 'unroutable' && spare === undefined);
    if (unroutable.length > 0) throw new UnroutableError([...new Set(unroutable.map(({ key }) => key))]);
    attempts.why = this.#options.link.blocked ?? 'the broker did not confirm, or a queue is full';
    const left = messages.filter((_, index) => fates[index] !== 'confirmed');
    return channel.isOpen ? this.#spared(left) : left;
  }

  /** The broker is there, and did not take these: they go to their spare queues. */
  #spared(messages: readonly OutMessage[]): readonly OutMessage[] {
    if (messages.some(({ spare }) => spare !== undefined)) this.#spareUntilMs = performance.now() + spareForMs;
    return messages.map(toSpare);
  }

  /** The channel, once there is a connection that takes messages. */
  async #openChannel({ endMs, signal }: Omit<Attempts, 'why'>): Promise<ConfirmingChannel> {
    const { link } = this.#options;
    if (this.#open?.isOpen && link.takesMessages) return this.#open;
    const late = AbortSignal.timeout(Math.max(Math.ceil(endMs - performance.now()), 1));
    const model = await link.unblocked(...(signal ? [signal, late] : [late]));
    if (this.#open?.isOpen) return this.#open;
    try {
      this.#opening ??= ConfirmingChannel.open(model, this.#options.prepare).finally(() => (this.#opening = undefined));
      return (this.#open = await this.#opening);
    } catch (cause) {
      if (isRefusal(cause)) throw this.#options.refused(cause);
      throw new BusUnavailableError(`there is no channel to publish on: ${messageOf(cause)}`, { cause });
    }
  }
}

const toSpare = ({ spare, ...message }: OutMessage): OutMessage =>
  spare === undefined ? message : { ...message, exchange: '', key: spare, mandatory: true };

type Attempts = { endMs: number; signal: AbortSignal | undefined; why: string };
