import { endParked } from '@keelson/ledger';
import { startService } from '@keelson/service';
import type { Observed, Service, ServiceOptions } from '@keelson/service';
import { Module } from '@nestjs/common';
import { RegistryPollerController, stages } from './controller';
import type { RegistryPollerStages } from './controller';
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
    observers: [{ observer: new PushObserver(deps), key: pushKey, intervalMs: deps.pollMs } as Observed],
    onPark: (event, { error }) =>
      endParked(deps.ledger, { service, stage: 'publish', clock: deps.clock }, { event, error }),
  });
}

export type { RegistryPollerDeps } from './deps';
