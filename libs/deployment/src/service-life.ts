import { BusRefusedError } from '@keelson/bus';
import type { AmqpBus } from '@keelson/bus';
import { ConfigError } from '@keelson/config';
import { Ledger } from '@keelson/ledger';
import {
  faultFields,
  Health,
  logger,
  onTermination,
  PromMetrics,
  startHealthServer,
  stopInOrder,
} from '@keelson/service';
import type { Logger, StopStep } from '@keelson/service';
import { openBus, openStore } from './open-servers';
import type { Deployed, ProcessConfig } from './run-service';
import { untilThere } from './until-there';

/** From SIGTERM to the end; below the 30 s after which Kubernetes kills. */
const stopWithinMs = 25_000;
/** Between two tries to reach a server at the start. */
const pauseWhileAwayMs = 2_000;

/** @see runService */
export async function liveAsService<Config extends ProcessConfig>(service: Deployed<Config>): Promise<void> {
  const config = await configOf(service);
  const log = logger(service.name, { level: config.logLevel });
  const steps: StopStep[] = [];
  let ending: Promise<void> | undefined;
  const end = (status: number) => (ending ??= stop({ steps, log, service: service.name }, status));
  onTermination((signal) => {
    log.info({ service: service.name, signal }, 'stopping');
    void end(0);
  });
  try {
    await begin({ service, config, log, steps, refused: () => void end(1) });
    log.info({ service: service.name }, 'started');
  } catch (error) {
    if (ending === undefined) log.error({ service: service.name, err: error }, 'could not start');
    await end(1);
  }
}

async function configOf<Config extends ProcessConfig>({ name, config }: Deployed<Config>): Promise<Config> {
  try {
    return await config();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    return process.exit(1);
  }
}

type Beginning<Config extends ProcessConfig> = {
  service: Deployed<Config>;
  config: Config;
  log: Logger;
  steps: StopStep[];
  /** A server will not have us: to go on is in vain. */
  refused: () => void;
};

async function begin<C extends ProcessConfig>({ service, config, log, steps, refused }: Beginning<C>): Promise<void> {
  const { name } = service;
  const health = new Health();
  const metrics = new PromMetrics();
  // Before the servers are there: that they are away is no reason to be started again.
  const pages = await startHealthServer({ port: config.healthPort, host: config.healthHost, health, metrics });
  steps.push({ name: 'the health pages', stop: () => pages.close() });
  const failed = (error: unknown) => log.warn({ service: name, reason: messageOf(error) }, 'a server is not there yet');
  const wait = { failed, pauseMs: pauseWhileAwayMs };
  const store = await untilThere(() => openStore(config), wait);
  const onError = (error: Error) => {
    const fields = { service: name, ...faultFields(error) };
    if ('reason' in fields) log.warn(fields, 'the bus has to wait');
    else log.error(fields, 'the bus has a fault');
    if (error instanceof BusRefusedError) refused();
  };
  const bus = await untilThere(() => openBus(config, { name, onError }), wait);
  steps.push({ name: 'the connection to RabbitMQ', stop: () => bus.close() });
  health.add({ name: 'broker', reasons: () => bus.trouble() });
  health.add({ name: 'policies', reasons: () => policyReasons(bus) });
  const host = { bus, logger: log, metrics, health, prefetch: config.prefetch };
  const started = await service.start(config, {
    ...{ ledger: new Ledger(store), host, logger: log },
    notice: (about, message) => log.info({ service: name, about, reason: message }, 'notice'),
    stopLater: (step) => steps.push(step),
  });
  steps.push({ name, stop: () => started.close() });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function policyReasons(bus: AmqpBus): Promise<readonly string[]> {
  const missing = (await bus.policiesMissing()) ?? [];
  return missing.map((what) => `${what} is set by no policy: \`keelson topology apply\` does it`);
}

async function stop(
  { steps, log, service }: { steps: readonly StopStep[]; log: Logger; service: string },
  status: number,
): Promise<void> {
  const left = await stopInOrder([...steps].reverse(), { timeoutMs: stopWithinMs });
  for (const { name, why } of left) log.error({ service, what: name, reason: why }, 'did not stop');
  log.info({ service, status: left.length > 0 ? 1 : status }, 'ended');
  process.exit(left.length > 0 ? 1 : status);
}
