import { eventTypes } from '@keelson/events';
import { DeliveryContext } from '@keelson/service';
import type { Outcome, Stage } from '@keelson/stage';
import { Controller, Inject } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { Published } from './deps';
import type { RunCancelled } from './stage';

/** What the service answers its events with. */
export type TestRunnerStages = {
  queueTest: Stage<Published>;
  cancelRun: Stage<RunCancelled>;
};
export const stages = Symbol('test-runner stages');

@Controller()
export class TestRunnerController {
  constructor(@Inject(stages) private readonly stages: TestRunnerStages) {}

  @EventPattern<string>(eventTypes.artifactPublished)
  artifactPublished(@Payload() event: Published, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.queueTest(event, context.signal);
  }

  @EventPattern<string>(eventTypes.runCancelled)
  runCancelled(@Payload() event: RunCancelled, @Ctx() context: DeliveryContext): Promise<Outcome> {
    return this.stages.cancelRun(event, context.signal);
  }
}
