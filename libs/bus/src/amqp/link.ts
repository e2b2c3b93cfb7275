import type { ChannelModel } from 'amqplib';
import { messageOf } from '../answer';
import { BusUnavailableError } from '../bus';
import { atMost, pause, untilAborted, Wake } from '../waiting';
import { backoffMs } from './backoff';
import { isRefusal } from './refusal';

export type LinkOptions = {
  /** For messages: what it is for and where it leads. */
  label: string;
  connect: () => Promise<ChannelModel>;
  onError: (error: Error) => void;
  /** Told when the broker will not have us; it is not asked again. */
  refused: (cause: unknown) => void;
};

/** One connection that comes again when it is lost, until it is closed or the broker refuses us. */
export class Link {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #changed = new Wake();
  #model: ChannelModel | undefined;
  #blocked: string | undefined;
  #running: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Why the broker takes no messages from us now: an alarm. Undefined when it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  get takesMessages(): boolean {
    return this.#model !== undefined && this.#blocked === undefined;
  }

  /** Why nothing goes over it now; undefined when it does. */
  get trouble(): string | undefined {
    if (this.#model === undefined) return `${this.#options.label}: there is no connection`;
    return this.#blocked === undefined ? undefined : `the broker takes no messages: ${this.#blocked}`;
  }

  /** Rings when the connection came, went, was blocked or unblocked. */
  changed(...signals: readonly AbortSignal[]): Promise<void> {
    return this.#changed.next(this.#closing.signal, ...signals);
  }

  /** The connection, waited for until a signal aborts. @throws BusUnavailableError when there is none by then */
  async ready(...signals: readonly AbortSignal[]): Promise<ChannelModel> {
    for (;;) {
      if (this.#closing.signal.aborted) throw new BusUnavailableError(`${this.#options.label}: closed`);
      if (this.#model) return this.#model;
      if (signals.some((signal) => signal.aborted)) {
        throw new BusUnavailableError(`${this.#options.label}: there is no connection`);
      }
      await this.changed(...signals);
    }
  }

  /** The connection, once the broker takes messages on it. @throws BusUnavailableError when it does not before a signal aborts */
  async unblocked(...signals: readonly AbortSignal[]): Promise<ChannelModel> {
    for (;;) {
      const model = await this.ready(...signals);
      if (this.#blocked === undefined) return model;
      if (signals.some((signal) => signal.aborted)) {
        throw new BusUnavailableError(`the broker takes no messages: ${this.#blocked}`);
      }
      await this.changed(...signals);
    }
  }

  /** Takes in what was sent, then ends; after a time it just ends. */
  async close(withinMs: number): Promise<void> {
    this.#closing.abort();
    this.#changed.ring();
    const model = this.#model;
    if (model) {
      // A broker that does not answer must not hold up an orderly stop.
      await atMost(
        withinMs,
        model.close().catch(() => undefined),
      );
      destroy(model);
    }
    await this.#running;
  }

  async #run(): Promise<void> {
    const closing = this.#closing.signal;
    for (let tries = 0; !closing.aborted; tries += 1) {
      try {
        const model = await this.#options.connect();
        if (closing.aborted) return destroy(model);
        tries = 0;
        await this.#use(model);
      } catch (cause) {
        if (isRefusal(cause)) return this.#options.refused(cause);
        if (tries === 0) this.#report(cause);
      }
      if (!closing.aborted) await pause(backoffMs(tries), closing);
    }
  }

  /** Resolves when the connection is gone. */
  async #use(model: ChannelModel): Promise<void> {
    const over = new AbortController();
    let cause: unknown;
    model.on('error', (error) => (cause = error));
    model.on('close', (error) => {
      cause ??= error;
      over.abort();
    });
    model.on('blocked', (reason) => this.#become(model, reason));
    model.on('unblocked', () => this.#become(model, undefined));
    this.#become(model, undefined);
    await untilAborted(over.signal);
    this.#become(undefined, undefined);
    if (!this.#closing.signal.aborted) this.#report(cause ?? 'closed by the broker');
  }

  #become(model: ChannelModel | undefined, blocked: string | undefined): void {
    this.#model = model;
    this.#blocked = blocked;
    this.#changed.ring();
  }

  #report(cause: unknown): void {
    const text = `${this.#options.label}: no connection, trying again: ${messageOf(cause)}`;
    this.#options.onError(new Error(text, { cause }));
  }
}

function destroy(model: ChannelModel): void {
  // One that was never used has no listener yet, and an error that nobody hears ends the process.
  model.on('error', () => undefined);
  // The types hide the stream; closing in order has been tried before. Only an error makes amqplib stop its heartbeat.
  const { stream } = model.connection as unknown as { stream?: { destroy(error: Error): void } };
  stream?.destroy(new Error('closed by us'));
}
