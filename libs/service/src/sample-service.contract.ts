import { Controller, Inject, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { LmdbBus } from '@keelson/bus';
import { eventTypes } from '@keelson/events';
import { emit } from '@keelson/stage';
import type { Outcome, Stage } from '@keelson/stage';
import { logLines, openBus } from './bus-fixture.contract';
import type { RunCancelled } from './bus-fixture.contract';
import { DeliveryContext } from './delivery-context';
import { logger } from './logger';
import { startService } from './start-service';
import type { Service, ServiceOptions } from './start-service';

const stageToken = Symbol('stage');

@Controller()
class SampleController {
  constructor(@Inject(stageToken) private readonly stage: Stage<RunCancelled>) {}

  @EventPattern<string>(eventTypes.runCancelled)
  cancelled(@Payload() event: RunCancelled, @Ctx() { signal }: DeliveryContext): Promise<Outcome> {
    return this.stage(event, signal);
  }
}

@Module({})
class SampleModule {}

/** A module with one controller, the sample's by default. */
export const moduleOf = (
  controller: Type<unknown> = SampleController,
  stage: Stage<RunCancelled> = async () => emit(),
): DynamicModule => ({
  module: SampleModule,
  controllers: [controller],
  providers: [{ provide: stageToken, useFactory: () => stage }],
});

/** A module that Nest cannot build. */
export const brokenModule: DynamicModule = { module: SampleModule, controllers: [SampleController] };

/** A bus for each test, and services on it that end with it. */
export function sampleServices() {
  const services: Service[] = [];
  const log = logLines();
  let open: { bus: LmdbBus; end: () => Promise<void> };
  beforeEach(async () => {
    open = await openBus();
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()));
    await open.end();
  });
  const start = async (stage: Stage<RunCancelled>, options: Partial<ServiceOptions> = {}) => {
    const service = await startService({
      name: 'sample',
      module: moduleOf(SampleController, stage),
      bus: open.bus,
      logger: logger('sample', { level: 'debug', destination: log.destination }),
      ...options,
    });
    services.push(service);
    return service;
  };
  return { start, lines: log.lines, bus: () => open.bus };
}
