import { setMaxListeners } from 'node:events';
import type { Bus, Delivery, InboxHandler, OutsideMessage } from '@keelson/bus';
import { TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { keepRunning } from './keep-running';
import type { Logger } from './logger';
import type { DeliveryMetric, Metrics } from './metrics';

/** What a service does with messages from outside, and with how many at once. */
export type Inbox = { prefetch: number; handler: InboxHandler };

type InboxContext = {
  service: string;
  bus: Bus;
  logger: Logger;
  metrics: Metrics;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** Called whenever a message was answered: what that wrote may be something for the observers. */
  answered: () => void;
};

/** What messages from outside are in metrics: they have no type that can be relied on. */
const type = 'inbox';

/** Takes messages from outside, in the process that leads the service. */
export class InboxConsumer {
  readonly #inbox: Inbox;
  readonly #context: InboxContext;

  constructor(inbox: Inbox, context: InboxContext) {
    this.#inbox = inbox;
    this.#context = context;
  }

  /** Consumes until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { service, bus, logger } = this.#context;
    const { prefetch } = this.#inbox;
    const consume = () =>
      bus.consumeInbox({ service, prefetch }, (...delivered) => this.#deliver(...delivered), signal);
    const ended = (error: unknown) =>
      logger.error({ service, err: error }, 'taking messages from outside ended; it is started again');
    await keepRunning(consume, { signal, backOff: { firstMs: 1_000, maxMs: 30_000 }, ended });
  }

  async #deliver(message: OutsideMessage, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    // One signal for all messages of a consumer, each of which may listen to it many times: no leak.
    setMaxListeners(0, signal);
    const startedMs = performance.now();
    const count = (outcome: DeliveryMetric['outcome']) => this.#count(delivery, outcome, performance.now() - startedMs);
    try {
      const outcome = await this.#inbox.handler(message, delivery, signal);
      count(outcome.kind);
      this.#context.answered();
      return outcome;
    } catch (error) {
      if (error instanceof TerminalError) this.#refused(message, error);
      else if (!signal.aborted) this.#failed(message, error);
      if (error instanceof TerminalError || !signal.aborted)
        count(error instanceof TerminalError ? 'terminal' : 'error');
      throw error;
    }
  }

  #refused(message: OutsideMessage, { message: reason }: TerminalError): void {
    const { service, logger, metrics } = this.#context;
    metrics.parked({ service, type, code: 'terminal' });
    logger.warn({ service, message: message.id, reason }, 'a message from outside is refused, and parked');
  }

  #failed(message: OutsideMessage, error: unknown): void {
    const { service, logger } = this.#context;
    logger.warn({ service, message: message.id, err: error }, 'a message from outside could not be taken');
  }

  #count(delivery: Delivery, outcome: DeliveryMetric['outcome'], stageMs: number): void {
    const { service, metrics, clock } = this.#context;
    const isFirst = delivery.failures === 0 && delivery.agains === 0 && !delivery.redelivered;
    const waitMs = isFirst ? clock() - delivery.publishedAtMs : undefined;
    metrics.delivered({ service, type, outcome, stageMs, waitMs, retried: delivery.failures > 0 });
  }
}
