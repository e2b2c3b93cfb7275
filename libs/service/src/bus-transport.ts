import { setMaxListeners } from 'node:events';
import { Server } from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Bus, Delivery, ParkReason, Subscription } from '@keelson/bus';
import { eventSchemas } from '@keelson/events';
import type { Event, EventType } from '@keelson/events';
import { TerminalError } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { DeliveryContext } from './delivery-context';
import { DeliveryReports } from './delivery-reports';
import { keepRunning } from './keep-running';
import type { Logger } from './logger';
import type { Metrics } from './metrics';
import type { ServiceStatus } from './service-status';

export type BusTransportOptions = Pick<Subscription, 'service' | 'prefetch' | 'onPark'> & {
  bus: Bus;
  logger: Logger;
  metrics: Metrics;
  status: ServiceStatus;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** Called whenever a handler has answered: what it wrote may be something for the observers. */
  answered: () => void;
};

/**
 * Nest's way to the bus: the patterns of `@EventPattern` are the service's subscription, what a handler returns is its Outcome,
 * what it throws reaches the bus as it is. Only the bus publishes and acknowledges.
 */
export class BusTransport extends Server implements CustomTransportStrategy {
  /** Nest must not report what a handler throws: the bus does something with it, and it is reported then. */
  override readonly propagatesEventHandlerErrors = true;
  readonly #options: BusTransportOptions;
  readonly #reports: DeliveryReports;
  readonly #stopping = new AbortController();
  #consuming: Promise<void> = Promise.resolve();

  constructor(options: BusTransportOptions) {
    super();
    this.#options = options;
    this.#reports = new DeliveryReports(options);
  }

  /** Starts to take deliveries; calls back with an error when the handlers are not what the bus can serve. */
  listen(callback: (error?: unknown) => void): void {
    try {
      const types = this.#types();
      // A service may have observers only.
      if (types.length > 0) this.#consuming = this.#consume(types);
    } catch (error) {
      return callback(error);
    }
    callback();
  }

  /** Takes no more deliveries, and waits for those in work to end. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#consuming;
  }

  /** The bus emits nothing that an application could listen to. */
  on(): void {
    throw new Error('BusTransport emits no events');
  }

  unwrap<T>(): T {
    return this.#options.bus as T;
  }

  #types(): EventType[] {
    const known = new Set<string>(eventSchemas.map((schema) => schema.shape.type.value));
    return [...this.messageHandlers].map(([pattern, handler]) => {
      if (!known.has(pattern)) throw new Error(`${this.#options.service}: "${pattern}" is not an event type`);
      if (!handler.isEventHandler)
        throw new Error(`${this.#options.service}: ${pattern} needs an @EventPattern handler`);
      // Two would each have an outcome, of one delivery.
      if (handler.next) throw new Error(`${this.#options.service}: ${pattern} has more than one handler`);
      return pattern as EventType;
    });
  }

  async #consume(types: readonly EventType[]): Promise<void> {
    const { bus, service, prefetch, status } = this.#options;
    const { signal } = this.#stopping;
    const onPark = (event: Event, why: ParkReason) => this.#park(event, why);
    const subscription: Subscription = { service, types, prefetch, onPark };
    const consume = () => {
      status.consuming(true);
      return bus.consume(subscription, (event, ...rest) => this.#deliver(event, ...rest), signal);
    };
    const ended = (error: unknown) => {
      status.consuming(false);
      this.#options.logger.error({ service, err: error }, 'consuming ended; it is started again');
    };
    await keepRunning(consume, { signal, backOff: { firstMs: 1_000, maxMs: 30_000 }, ended });
    status.consuming(false);
  }

  async #deliver(event: Event, delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    // One signal for all deliveries of a consumer, each of which may listen to it many times: no leak.
    setMaxListeners(0, signal);
    const report = this.#reports.begin(event, delivery);
    try {
      const outcome = await this.#ask(event, new DeliveryContext([delivery, signal]));
      report.answered(outcome);
      this.#options.answered();
      return outcome;
    } catch (error) {
      report.failed(error, signal.aborted);
      throw error;
    }
  }

  async #ask(event: Event, context: DeliveryContext): Promise<Outcome> {
    const handler = this.messageHandlers.get(event.type);
    // Left over from a version of the service that took it.
    if (!handler) throw new TerminalError(`${this.#options.service} takes no ${event.type} any more`);
    const result: unknown = await handler(event, context);
    const outcome: unknown = isObservable(result) ? await lastValueFrom(result) : result;
    if (isOutcome(outcome)) return outcome;
    throw new Error(`${this.#options.service}: the handler of ${event.type} returned no outcome`);
  }

  async #park(event: Event, why: ParkReason): Promise<readonly Event[]> {
    const events = (await this.#options.onPark?.(event, why)) ?? [];
    this.#reports.parked(event, why);
    return events;
  }
}

function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  return value.kind === 'emit' || value.kind === 'again';
}
