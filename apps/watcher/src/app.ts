import { endParked } from '@keelson/ledger';
import { startService } from '@keelson/service';
import type { Observed, Service, ServiceOptions } from '@keelson/service';
import { Module } from '@nestjs/common';
import { WatcherController, stages } from './controller';
import type { WatcherStages } from './controller';
import { service } from './deps';
import type { WatcherDeps } from './deps';
import { takeIn } from './intake';
import type { IntakeDeps } from './intake';
import { HeadObserver, moveKey } from './observer';
import { recordRequest } from './stage';
import { recordWatch } from './watch-request';

@Module({})
class WatcherModule {}

/** Starts the service. */
export function startWatcher(
  deps: WatcherDeps,
  host: Pick<ServiceOptions, 'bus' | 'logger' | 'metrics' | 'health'>,
): Promise<Service> {
  const observer = new HeadObserver(deps);
  const answers: WatcherStages = {
    recordRequest: recordRequest(deps),
    recordWatch: recordWatch(deps, () => observer.recorded()),
  };
  const intake: IntakeDeps = {
    ...deps,
    hint: (names) => observer.hint(names),
    log: (fields, message) => host.logger.info({ service, ...fields }, message),
  };
  return startService({
    ...host,
    name: service,
    module: {
      module: WatcherModule,
      controllers: [WatcherController],
      providers: [{ provide: stages, useFactory: () => answers }],
    },
    observers: [{ observer, key: moveKey, intervalMs: 60_000 } as Observed],
    inbox: { prefetch: 8, handler: takeIn(intake) },
    onPark: (event, { error }) =>
      endParked(deps.ledger, { service, stage: 'source', clock: deps.clock }, { event, error }),
  });
}

export { Heads } from './heads';
export type { WatcherDeps } from './deps';
