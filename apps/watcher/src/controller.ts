import { eventTypes } from '@keelson/events';
import { DeliveryContext } from '@keelson/service';
import type { Outcome, Stage } from '@keelson/stage';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { RunRequested } from './deps';

/** What the service answers its events with. */
export type WatcherStages = {
  recordRequest: Stage<RunRequested>;
};
export const stages = Symbol('watcher stages');

@Controller()
export class WatcherController {
  constructor(@Inject(stages) private readonly stages: WatcherStages) {}

  @EventPattern<string>(eventTypes.runRequested)
  runRequested(@Payload() event: RunRequested, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.recordRequest(event, context.signal);
  }
}
