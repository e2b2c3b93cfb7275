import { endParked } from '@keelson/ledger';
import { startService } from '@keelson/service';
import type { Observed, Service, ServiceOptions } from '@keelson/service';
import { WorkObserver, workStateKey } from '@keelson/work';
import { Module } from '@nestjs/common';
import { ImageBuilderController, stages } from './controller';
import type { ImageBuilderStages } from './controller';
import { buildKind } from './build-kind';
import { service, verifyService } from './deps';
import type { BuildWork, ImageBuilderDeps } from './deps';
import { TagObserver, tagKey } from './observer';
import { buildImage } from './stage';
import { VerifyObserver, verifyKey } from './verify-observer';

@Module({})
class ImageBuilderModule {}

/** Starts the service. */
export function startImageBuilder(
  deps: ImageBuilderDeps,
  host: Pick<ServiceOptions, 'bus' | 'logger' | 'metrics' | 'health'>,
): Promise<Service> {
  const answers: ImageBuilderStages = { buildImage: buildImage(deps) };
  return startService({
    ...host,
    name: service,
    module: {
      module: ImageBuilderModule,
      controllers: [ImageBuilderController],
      providers: [{ provide: stages, useFactory: () => answers }],
    },
    observers: [
      { observer: new TagObserver(deps), key: tagKey, intervalMs: 10_000 } as Observed,
      ...buildObservers(deps, host.metrics),
    ],
    onPark: (event, { error }) =>
      endParked(deps.ledger, { service, stage: 'build', clock: deps.clock }, { event, error }),
  });
}

function buildObservers(deps: ImageBuilderDeps, metrics: ServiceOptions['metrics']): Observed[] {
  const { work, ledger, clock } = deps;
  if (work === undefined) return [];
  const counted: BuildWork = {
    ...work,
    built: (build) => metrics?.built({ service, ...build }),
    verified: (build) => metrics?.verified({ service, ...build }),
  };
  const observer = new WorkObserver({ ...work, ledger, clock }, buildKind({ ...deps, work: counted }));
  const verifying = new VerifyObserver({ ...deps, work: counted });
  return [
    { observer, key: workStateKey, intervalMs: 10_000 } as Observed,
    { observer: verifying, key: verifyKey, intervalMs: 10_000, name: verifyService } as Observed,
  ];
}

export type { BuildWork, ImageBuilderDeps } from './deps';
export { builderLogins } from './builder-logins';
export { parseBuilders } from './config';
