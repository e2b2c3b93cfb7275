import type { Channel, ConsumeMessage } from 'amqplib';

/**
 * Acknowledges the deliveries of one channel. Each acknowledgement is a write to the socket, so those of one turn of the event loop
 * go together: up to a delivery before which none is open, by one; the others one by one.
 */
export class Acknowledger {
  readonly #channel: Channel;
  /** In the order of delivery, which is that of their tags. */
  readonly #open = new Map<number, { message: ConsumeMessage; isDone: boolean }>();
  #scheduled: NodeJS.Immediate | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Every delivery of the channel must be told here: an acknowledgement may be for all up to it. */
  delivered(message: ConsumeMessage): void {
    this.#open.set(message.fields.deliveryTag, { message, isDone: false });
  }

  done(message: ConsumeMessage): void {
    const entry = this.#open.get(message.fields.deliveryTag);
    if (entry) entry.isDone = true;
    this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Sends what is due now. On a closed channel it does nothing: the broker delivers again. */
  flush(): void {
    if (this.#scheduled) clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    try {
      this.#acknowledgeLeading();
      for (const [tag, { message, isDone }] of this.#open) {
        if (isDone) this.#channel.ack(message);
        if (isDone) this.#open.delete(tag);
      }
    } catch {
      this.#open.clear(); // the channel was closed a moment ago
    }
  }

  #acknowledgeLeading(): void {
    let last: ConsumeMessage | undefined;
    for (const [tag, { message, isDone }] of this.#open) {
      if (!isDone) break;
      last = message;
      this.#open.delete(tag);
    }
    if (last) this.#channel.ack(last, true);
  }
}
