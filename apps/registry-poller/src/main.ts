import { registryAccess, runService, sameRegistries } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import type { Service } from '@keelson/service';
import { startRegistryPoller } from './app';
import { readConfig } from './config';
import type { RegistryPollerConfig } from './config';
import { service } from './deps';

function start(config: RegistryPollerConfig, { ledger, host, notice, stopLater }: Given): Promise<Service> {
  const client = registryAccess(config);
  stopLater({ name: 'connections to registries', stop: () => client.close() });
  const { images: watched, imageInterval: pollMs, patience: patienceMs } = config;
  const sameRegistry = sameRegistries(config.registries);
  return startRegistryPoller(
    { ledger, client, watched, pollMs, clock: Date.now, patienceMs, notice, sameRegistry },
    host,
  );
}

void runService({ name: service, config: readConfig, start });
