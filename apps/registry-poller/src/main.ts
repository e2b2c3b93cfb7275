import { registryAccess, runService, sameRegistries } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import type { Service } from '@keelson/service';
import { baseRequestsPerSecond, startRegistryPoller } from './app';
import { readConfig } from './config';
import type { RegistryPollerConfig } from './config';
import { service } from './deps';

function start(config: RegistryPollerConfig, { ledger, host, notice, stopLater }: Given): Promise<Service> {
  const client = registryAccess(config);
  stopLater({ name: 'connections to registries', stop: () => client.close() });
  const calm = registryAccess(config, { requestsPerSecond: baseRequestsPerSecond });
  stopLater({ name: 'connections to the registries of bases', stop: () => calm.close() });
  const { images: watched, imageInterval: pollMs, patience: patienceMs, rebuildsPerMinute } = config;
  const bases = { client: calm, intervalMs: config.baseInterval, rebuildsPerMinute };
  const sameRegistry = sameRegistries(config.registries);
  return startRegistryPoller(
    { ledger, client, watched, pollMs, bases, clock: Date.now, patienceMs, notice, sameRegistry },
    host,
  );
}

void runService({ name: service, config: readConfig, start });
