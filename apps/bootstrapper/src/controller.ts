import { eventTypes } from '@keelson/events';
import { DeliveryContext } from '@keelson/service';
import type { Outcome, Stage } from '@keelson/stage';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { ChangeMerged } from './stage';
import type { RunRetried } from './retry';

/** What the service answers its events with. */
export type BootstrapperStages = {
  freezeSource: Stage<ChangeMerged>;
  openAttempt: Stage<RunRetried>;
};
export const stages = Symbol('bootstrapper stages');

@Controller()
export class BootstrapperController {
  constructor(@Inject(stages) private readonly stages: BootstrapperStages) {}

  @EventPattern<string>(eventTypes.changeMerged)
  changeMerged(@Payload() event: ChangeMerged, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.freezeSource(event, context.signal);
  }

  @EventPattern<string>(eventTypes.runRetried)
  runRetried(@Payload() event: RunRetried, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.openAttempt(event, context.signal);
  }
}
