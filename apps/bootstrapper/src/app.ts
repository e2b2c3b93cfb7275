import { endParked } from '@keelson/ledger';
import { startService } from '@keelson/service';
import type { Service, ServiceOptions } from '@keelson/service';
import { Module } from '@nestjs/common';
import { BootstrapperController, stages } from './controller';
import type { BootstrapperStages } from './controller';
import { service } from './deps';
import type { BootstrapperDeps } from './deps';
import { openAttempt } from './retry';
import { freezeSource } from './stage';

@Module({})
class BootstrapperModule {}

/** Starts the service. */
export function startBootstrapper(
  deps: BootstrapperDeps,
  host: Pick<ServiceOptions, 'bus' | 'logger' | 'metrics' | 'health'>,
): Promise<Service> {
  const answers: BootstrapperStages = { freezeSource: freezeSource(deps), openAttempt: openAttempt(deps) };
  return startService({
    ...host,
    name: service,
    module: {
      module: BootstrapperModule,
      controllers: [BootstrapperController],
      providers: [{ provide: stages, useFactory: () => answers }],
    },
    onPark: (event, { error }) =>
      endParked(deps.ledger, { service, stage: 'source', clock: deps.clock }, { event, error }),
  });
}

export { SourceAccess } from './source-access';
export type { BootstrapperDeps } from './deps';
export type { ImposedTemplate, TemplateDeps } from './template-deps';
