import type { Delivery, ParkReason } from '@keelson/bus';
import type { Event } from '@keelson/events';
import { TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import type { Logger } from './logger';
import type { DeliveryMetric, Metrics } from './metrics';

type Listeners = { service: string; logger: Logger; metrics: Metrics; clock: () => number };

/** Tells the log and the metrics what became of deliveries. */
export class DeliveryReports {
  readonly #to: Listeners;

  constructor(to: Listeners) {
    this.#to = to;
  }

  /** A handler is asked now. Exactly one of the two is called when it has answered. */
  begin(event: Event, delivery: Delivery) {
    const { service, logger, clock } = this.#to;
    const fields = { service, ...fieldsOf(event), failures: delivery.failures };
    const isFirst = delivery.failures === 0 && delivery.agains === 0 && !delivery.redelivered;
    const waitMs = isFirst ? clock() - delivery.publishedAtMs : undefined;
    const startedMs = performance.now();
    const count = (outcome: DeliveryMetric['outcome']) => {
      const stageMs = performance.now() - startedMs;
      this.#count(event, { outcome, stageMs, waitMs, retried: delivery.failures > 0 });
    };
    return {
      answered: (outcome: Outcome) => {
        count(outcome.kind);
        if (outcome.kind === 'again') logger.debug({ ...fields, because: outcome.because }, 'a delivery waits');
      },
      /** @param interrupted the work was told to end: nobody failed */
      failed: (error: unknown, interrupted: boolean) => {
        const isTerminal = error instanceof TerminalError;
        if (interrupted && !isTerminal) return logger.debug({ ...fields, err: error }, 'a delivery was given back');
        count(isTerminal ? 'terminal' : 'error');
        logger.warn({ ...fields, err: error }, isTerminal ? 'a delivery can never work' : 'a delivery failed');
      },
    };
  }

  parked(event: Event, why: ParkReason): void {
    const { service, logger, metrics } = this.#to;
    metrics.parked({ service, type: event.type, code: why.code });
    logger.error({ service, ...fieldsOf(event), code: why.code, reason: why.error }, 'a delivery is parked');
  }

  #count(event: Event, counted: Omit<DeliveryMetric, 'service' | 'type'>): void {
    this.#to.metrics.delivered({ service: this.#to.service, type: event.type, ...counted });
  }
}

const fieldsOf = (event: Event) => ({ event: event.id, type: event.type, run: event.data.context.chainId });
