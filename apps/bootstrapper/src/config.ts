import { processSettings, readSettings, registrySettings, templateVariables } from '@keelson/deployment';
import type { Settings } from '@keelson/deployment';

/** What the service reads from its environment. */
export const names = [
  ...processSettings,
  ...registrySettings,
  ...(['registry', 'codec', 'gitTokenFile', 'workDir', 'sealingKey', 'templateEnv'] as const),
] as const;

export type BootstrapperConfig = Settings<(typeof names)[number]> & {
  /** What Job templates may read. */
  templateVariables: Readonly<Record<string, string>>;
};

/** @throws ConfigError naming every fault */
export function readConfig(env: NodeJS.ProcessEnv = process.env): BootstrapperConfig {
  const config = readSettings(names, env);
  return { ...config, templateVariables: templateVariables(config, env) };
}
