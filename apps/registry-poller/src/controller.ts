import { eventTypes } from '@keelson/events';
import { DeliveryContext } from '@keelson/service';
import type { Outcome, Stage } from '@keelson/stage';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { Packaged } from './deps';

/** What the service answers its events with. */
export type RegistryPollerStages = {
  seeImage: Stage<Packaged>;
};
export const stages = Symbol('registry-poller stages');

@Controller()
export class RegistryPollerController {
  constructor(@Inject(stages) private readonly stages: RegistryPollerStages) {}

  @EventPattern<string>(eventTypes.artifactPackaged)
  artifactPackaged(@Payload() event: Packaged, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.seeImage(event, context.signal);
  }
}
