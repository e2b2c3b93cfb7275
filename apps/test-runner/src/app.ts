import { endParked } from '@keelson/ledger';
import { startService } from '@keelson/service';
import type { Observed, Service, ServiceOptions } from '@keelson/service';
import { WorkObserver, workStateKey } from '@keelson/work';
import { Module } from '@nestjs/common';
import { TestRunnerController, stages } from './controller';
import type { TestRunnerStages } from './controller';
import { service } from './deps';
import type { TestRunnerDeps } from './deps';
import { cancelRun, queueTest } from './stage';
import { testKind } from './test-kind';

@Module({})
class TestRunnerModule {}

/** Starts the service. */
export function startTestRunner(
  deps: TestRunnerDeps,
  host: Pick<ServiceOptions, 'bus' | 'logger' | 'metrics' | 'health'>,
): Promise<Service> {
  const answers: TestRunnerStages = { queueTest: queueTest(deps), cancelRun: cancelRun(deps) };
  return startService({
    ...host,
    name: service,
    module: {
      module: TestRunnerModule,
      controllers: [TestRunnerController],
      providers: [{ provide: stages, useFactory: () => answers }],
    },
    observers: [
      { observer: new WorkObserver(deps, testKind(deps)), key: workStateKey, intervalMs: 10_000 } as Observed,
    ],
    onPark: (event, { error }) =>
      endParked(deps.ledger, { service, stage: 'test', clock: deps.clock }, { event, error }),
  });
}

export type { TestRunnerDeps } from './deps';
