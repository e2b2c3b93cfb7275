import { endParked } from '@keelson/ledger';
import { startService } from '@keelson/service';
import type { Observed, Service, ServiceOptions } from '@keelson/service';
import { Module } from '@nestjs/common';
import { RegistryPollerController, stages } from './controller';
import type { RegistryPollerStages } from './controller';
import { BaseObserver, rebuildKey } from './base-observer';
import { MovedBaseObserver, moveKey } from './moved-base-observer';
import { service } from './deps';
import type { RegistryPollerDeps } from './deps';
import { PushObserver, pushKey } from './observer';
import { seeImage } from './stage';

@Module({})
class RegistryPollerModule {}

/** Starts the service. */
export function startRegistryPoller(
  deps: RegistryPollerDeps,
  host: Pick<ServiceOptions, 'bus' | 'logger' | 'metrics' | 'health'>,
): Promise<Service> {
  const answers: RegistryPollerStages = { seeImage: seeImage(deps) };
  return startService({
    ...host,
    name: service,
    module: {
      module: RegistryPollerModule,
      controllers: [RegistryPollerController],
      providers: [{ provide: stages, useFactory: () => answers }],
    },
    observers: [
      { observer: new PushObserver(deps), key: pushKey, intervalMs: deps.pollMs } as Observed,
      ...baseObservers(deps),
    ],
    onPark: (event, { error }) =>
      endParked(deps.ledger, { service, stage: 'publish', clock: deps.clock }, { event, error }),
  });
}

/** Looks for room more often than at the bases: they may wait for their turn. */
const longestPauseMs = 10_000;

function baseObservers(deps: RegistryPollerDeps): Observed[] {
  const { bases } = deps;
  if (bases === undefined) return [];
  const intervalMs = Math.min(bases.intervalMs, longestPauseMs);
  return [
    { observer: new BaseObserver(deps, bases), key: rebuildKey, intervalMs, name: 'bases' } as Observed,
    { observer: new MovedBaseObserver(deps.ledger), key: moveKey, intervalMs, name: 'moved-bases' } as Observed,
  ];
}

export { baseRequestsPerSecond } from './deps';
export type { BaseWatch, RegistryPollerDeps } from './deps';
