import { eventTypes } from '@keelson/events';
import { DeliveryContext } from '@keelson/service';
import type { Outcome, Stage } from '@keelson/stage';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { RunRequested, SourceUnwatched, SourceWatched } from './deps';

/** What the service answers its events with. */
export type WatcherStages = {
  recordRequest: Stage<RunRequested>;
  recordWatch: Stage<SourceWatched | SourceUnwatched>;
};
export const stages = Symbol('watcher stages');

@Controller()
export class WatcherController {
  constructor(@Inject(stages) private readonly stages: WatcherStages) {}

  @EventPattern<string>(eventTypes.runRequested)
  runRequested(@Payload() event: RunRequested, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.recordRequest(event, context.signal);
  }

  @EventPattern<string>(eventTypes.sourceWatched)
  sourceWatched(@Payload() event: SourceWatched, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.recordWatch(event, context.signal);
  }

  @EventPattern<string>(eventTypes.sourceUnwatched)
  sourceUnwatched(@Payload() event: SourceUnwatched, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.recordWatch(event, context.signal);
  }
}
