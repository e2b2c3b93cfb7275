import { eventTypes } from '@keelson/events';
import { DeliveryContext } from '@keelson/service';
import type { Outcome, Stage } from '@keelson/stage';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { BuildQueued } from './deps';

/** What the service answers its events with. */
export type ImageBuilderStages = {
  buildImage: Stage<BuildQueued>;
};
export const stages = Symbol('image-builder stages');

@Controller()
export class ImageBuilderController {
  constructor(@Inject(stages) private readonly stages: ImageBuilderStages) {}

  @EventPattern<string>(eventTypes.buildQueued)
  buildQueued(@Payload() event: BuildQueued, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.buildImage(event, context.signal);
  }
}
