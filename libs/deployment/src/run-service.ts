import type { Ledger } from '@keelson/ledger';
import type { Logger, Service, ServiceHost, StopStep } from '@keelson/service';
import type { Settings } from './read-settings';
import type { processSettings } from './settings';

/** What the process of every service is told. */
export type ProcessConfig = Settings<(typeof processSettings)[number]>;

/** What a service is given by its process. */
export type Given = {
  ledger: Ledger;
  host: Pick<ServiceHost, 'bus' | 'logger' | 'metrics' | 'health' | 'prefetch'>;
  logger: Logger;
  /** Tells an operator why something waits, or what is odd. @param about a run's id, or a source */
  notice: (about: string, message: string) => void;
  /** What is stopped after the service, last added first. */
  stopLater: (step: StopStep) => void;
};

export type Deployed<Config extends ProcessConfig> = {
  name: string;
  /** Reads the environment. @throws ConfigError */
  config: () => Config | Promise<Config>;
  start: (config: Config, given: Given) => Promise<Service>;
};

/**
 * The life of one service's process: its settings, the servers, the service, until SIGTERM. Never returns: the process ends with 0 after an
 * orderly stop, with 1 when it could not start, was refused by a server, or something did not stop in time.
 */
export async function runService<Config extends ProcessConfig>(service: Deployed<Config>): Promise<void> {
  // Loaded here: who only reads settings, the command, need not wait for all that a service is hosted by.
  const { liveAsService } = await import('./service-life.js');
  await liveAsService(service);
}
