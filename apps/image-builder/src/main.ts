import { openJobs, registryAccess, runService, sameRegistries, templateMeans } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import type { Service } from '@keelson/service';
import { startImageBuilder } from './app';
import type { BuildWork } from './app';
import { builderLogins } from './builder-logins';
import { readConfig } from './config';
import type { ImageBuilderConfig } from './config';
import { service } from './deps';

/** Before the second and the third attempt, after an error of ours. */
const retryDelaysMs = [10_000, 60_000];

function start(config: ImageBuilderConfig, given: Given): Promise<Service> {
  const { ledger, host, notice, stopLater } = given;
  const client = registryAccess(config);
  stopLater({ name: 'connections to registries', stop: () => client.close() });
  const onWarning = (message: string) => notice('jobs', message);
  const jobs = openJobs(config, { store: ledger.store, client, onWarning, health: host.health });
  stopLater({ name: 'the connection to the cluster', stop: () => jobs.close() });
  const { registry: registryPrefix, patience: patienceMs } = config;
  const sameRegistry = sameRegistries(config.registries);
  const work = { ...workOf(config, given), jobs };
  const common = { ledger, client, clock: Date.now, patienceMs, notice };
  return startImageBuilder({ ...common, registryPrefix, sameRegistry, work }, host);
}

function workOf(config: ImageBuilderConfig, { logger }: Given): Omit<BuildWork, 'jobs'> {
  const { buildLimit: limit, projectLimit, cancelRunning, logLimit, builders, dockerConfig } = config;
  const means = templateMeans(config);
  return {
    ...{ limit, cancelRunning, retryDelaysMs, logLimitBytes: logLimit * 1024 ** 2 },
    warn: (message, fields) => logger.warn(fields, message),
    ...(projectLimit === undefined ? {} : { projectLimit }),
    ...(builders === undefined ? {} : { builders }),
    ...(means === undefined ? {} : { templates: { ...means, timeoutMs: config.buildTimeout } }),
    ...(dockerConfig === undefined ? {} : { dockerConfig: builderLogins(dockerConfig) }),
  };
}

void runService({ name: service, config: readConfig, start });
