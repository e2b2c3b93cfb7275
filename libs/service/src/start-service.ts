import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule, Type } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { Bus, Subscription } from '@keelson/bus';
import { BusTransport } from './bus-transport';
import type { Health } from './health';
import { InboxConsumer } from './inbox-consumer';
import type { Inbox } from './inbox-consumer';
import type { Logger } from './logger';
import { noMetrics } from './metrics';
import type { Metrics } from './metrics';
import { ObserverLoop } from './observer-loop';
import type { Observed } from './observer-loop';
import { PassErrors } from './pass-errors';
import { runObservers } from './run-observers';
import { ServiceStatus } from './service-status';

export type ServiceOptions = {
  /** The service's name on the bus: its queue, and whom it leads. */
  name: string;
  /** The app's module: controllers with `@EventPattern<string>(type)` handlers that return an Outcome. */
  module: Type<unknown> | DynamicModule;
  bus: Bus;
  observers?: readonly Observed[];
  logger: Logger;
  metrics?: Metrics;
  /** Gets the service's check, until the service is closed. */
  health?: Health;
  /** Deliveries in work at once. Default 8. */
  prefetch?: number;
  /** Takes messages from outside, in the process that leads. */
  inbox?: Inbox;
  /** See `Subscription.onPark`. */
  onPark?: Subscription['onPark'];
  /** Milliseconds since the epoch. Default: the system's. */
  clock?: () => number;
};

/** What an app is given by its process, and passes on. */
export type ServiceHost = Omit<ServiceOptions, 'name' | 'module' | 'observers' | 'inbox'>;

export type Service = {
  name: string;
  /** Takes nothing more, ends what is in work and the observers, then Nest. May be called twice. */
  close(): Promise<void>;
};

/**
 * Starts one service: a Nest microservice on the bus, and its observers in whichever process leads.
 * @throws Error when the module cannot be built, or a handler is not for an event type
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, bus, logger, metrics = noMetrics } = options;
  const status = new ServiceStatus(name);
  const context = { service: name, bus, logger, metrics, status };
  const loops = (options.observers ?? []).map((observed) => new ObserverLoop(observed, context));
  const answering = {
    ...context,
    clock: options.clock ?? Date.now,
    answered: () => loops.forEach((loop) => loop.wake()),
  };
  const transport = new BusTransport({
    ...answering,
    prefetch: options.prefetch ?? 8,
    ...(options.onPark ? { onPark: options.onPark } : {}),
  });
  const inbox = options.inbox ? [new InboxConsumer(options.inbox, answering)] : [];
  const app = await startNest(options.module, transport);
  const stopping = new AbortController();
  const observing = runObservers([...loops, ...inbox], context, stopping.signal);
  const removeCheck = options.health?.add(status);
  let closed: Promise<void> | undefined;
  const close = async () => {
    stopping.abort();
    await Promise.all([app.close(), observing]);
    removeCheck?.();
  };
  return { name, close: () => (closed ??= close()) };
}

async function startNest(module: Type<unknown> | DynamicModule, strategy: BusTransport) {
  // Without abortOnError: false Nest ends the process when a module cannot be built; its own log lines tell nothing of ours.
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, {
    strategy,
    logger: false,
    abortOnError: false,
  });
  app.useGlobalFilters(new PassErrors());
  await app.listen();
  return app;
}
