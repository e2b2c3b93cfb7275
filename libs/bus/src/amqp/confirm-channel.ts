import type { ChannelModel, ConfirmChannel } from 'amqplib';
import { messageOf } from '../answer';
import { atMost, pause } from '../waiting';
import type { OutMessage } from './message';
import { UnsendableError } from './unsendable-error';

/** What became of a message that was sent: `lost` is unknown, it may be there or not. */
export type Fate = 'confirmed' | 'refused' | 'lost' | 'unroutable';

export type SendTimes = { withinMs: number; spareAfterMs: number };

const tagHeader = 'x-keelson-send';

/** A channel in confirm mode that tells the fate of each message. */
export class ConfirmingChannel {
  readonly #channel: ConfirmChannel;
  readonly #returned = new Set<number>();
  #nextTag = 1;
  #isOpen = true;
  /** Why the broker closed it, if it did. */
  closedBy: unknown;

  private constructor(channel: ConfirmChannel) {
    this.#channel = channel;
    channel.on('error', (error) => (this.closedBy = error));
    channel.on('close', () => (this.#isOpen = false));
    // The return comes before the confirm of the same message.
    channel.on('return', ({ properties }) => this.#returned.add(Number(properties.headers?.[tagHeader])));
  }

  /** @param prepare declares what is published to */
  static async open(
    model: ChannelModel,
    prepare: (channel: ConfirmChannel) => Promise<unknown>,
  ): Promise<ConfirmingChannel> {
    const channel = await model.createConfirmChannel();
    const confirming = new ConfirmingChannel(channel);
    await prepare(channel);
    return confirming;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Sends all, then tells the fate of each, in order. What has none when the time is over is `lost`.
   * @throws UnsendableError when one cannot be sent at all
   * @param spareAfterMs when the others are settled, those that have a spare queue are waited for no longer than this
   */
  async send(messages: readonly OutMessage[], { withinMs, spareAfterMs }: SendTimes): Promise<Fate[]> {
    const fates: Fate[] = messages.map(() => 'lost');
    const settled = messages.map(async (message, index) => (fates[index] = await this.#sendOne(message)));
    const needed = settled.filter((_, index) => messages[index]?.spare === undefined);
    const over = new AbortController();
    const enough = Promise.all([...needed, pause(spareAfterMs, over.signal)]);
    await atMost(withinMs, Promise.race([Promise.all(settled), enough]));
    over.abort();
    return [...fates];
  }

  #sendOne({ exchange, key, body, mandatory, properties }: OutMessage): Promise<Fate> {
    return new Promise((resolve, reject) => {
      const tag = this.#nextTag;
      this.#nextTag += 1;
      const headers = mandatory ? { ...(properties.headers as object), [tagHeader]: tag } : properties.headers;
      const options = { ...properties, headers: headers as unknown, persistent: true, mandatory };
      const confirm = (error: unknown) => {
        const isReturned = mandatory && this.#returned.delete(tag);
        if (error !== null) resolve(this.#isOpen ? 'refused' : 'lost');
        else resolve(isReturned ? 'unroutable' : 'confirmed');
      };
      try {
        this.#channel.publish(exchange, key, body, options, confirm);
      } catch (cause) {
        // Otherwise the channel was closed a moment ago.
        if (this.#isOpen && cause instanceof RangeError) reject(new UnsendableError(messageOf(cause), { cause }));
        else resolve('lost');
      }
    });
  }
}
