import { jobSettings, processSettings, readSettings, registrySettings } from '@keelson/deployment';
import type { Settings } from '@keelson/deployment';

/** What the service reads from its environment. */
export const names = [...processSettings, ...registrySettings, ...jobSettings, 'testLimit', 'sealingKey'] as const;

export type TestRunnerConfig = Settings<(typeof names)[number]>;

/** @throws ConfigError naming every fault */
export const readConfig = (env: NodeJS.ProcessEnv = process.env): TestRunnerConfig => readSettings(names, env);
