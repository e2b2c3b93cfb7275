import { openJobs, registryAccess, runService, templateMeans } from '@keelson/deployment';
import type { Given } from '@keelson/deployment';
import type { Service } from '@keelson/service';
import { startTestRunner } from './app';
import { readConfig } from './config';
import type { TestRunnerConfig } from './config';
import { service } from './deps';

/** Before the second and the third attempt, after an error of ours. */
const retryDelaysMs = [10_000, 60_000];

function start(config: TestRunnerConfig, { ledger, host, logger, notice, stopLater }: Given): Promise<Service> {
  const client = registryAccess(config);
  stopLater({ name: 'connections to registries', stop: () => client.close() });
  const onWarning = (message: string) => notice('jobs', message);
  const jobs = openJobs(config, { store: ledger.store, client, onWarning, health: host.health });
  stopLater({ name: 'the connection to the cluster', stop: () => jobs.close() });
  const { testLimit: limit, projectLimit, cancelRunning, logLimit } = config;
  const warn = (message: string, fields: Record<string, unknown>) => logger.warn(fields, message);
  const limits = {
    limit,
    logLimitBytes: logLimit * 1024 ** 2,
    ...(projectLimit === undefined ? {} : { projectLimit }),
  };
  const templates = templateMeans(config);
  return startTestRunner(
    { ledger, jobs, clock: Date.now, ...limits, cancelRunning, retryDelaysMs, warn, templates },
    host,
  );
}

void runService({ name: service, config: readConfig, start });
