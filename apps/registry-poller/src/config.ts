import { baseSettings, processSettings, readSettings, registrySettings } from '@keelson/deployment';
import type { Settings } from '@keelson/deployment';

/** What the service reads from its environment. */
export const names = [...processSettings, ...registrySettings, 'images', 'imageInterval', ...baseSettings] as const;

export type RegistryPollerConfig = Settings<(typeof names)[number]>;

/** @throws ConfigError naming every fault */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): RegistryPollerConfig => readSettings(names, env);
