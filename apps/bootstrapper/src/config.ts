import { processSettings, readSettings, registrySettings } from '@keelson/deployment';
import type { Settings } from '@keelson/deployment';

/** What the service reads from its environment. */
export const names = [...processSettings, ...registrySettings, 'registry', 'codec', 'gitTokenFile', 'workDir'] as const;

export type BootstrapperConfig = Settings<(typeof names)[number]>;

/** @throws ConfigError naming every fault */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): BootstrapperConfig => readSettings(names, env);
