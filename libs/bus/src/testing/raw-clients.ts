import { connect } from 'amqplib';
import type { ChannelModel, ConfirmChannel } from 'amqplib';

/** Clients of a broker that know nothing of this bus. */
export class RawClients {
  readonly #models: ChannelModel[] = [];

  async channel(url: string): Promise<ConfirmChannel> {
    const model = await connect(url, { noDelay: true });
    model.on('error', () => undefined);
    this.#models.push(model);
    const channel = await model.createConfirmChannel();
    channel.on('error', () => undefined);
    channel.on('close', () => undefined);
    return channel;
  }

  /** Ends all. The broker may have closed one already. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#models.splice(0).map(async (model) => model.close()));
  }
}
