import { builderSettings } from '@keelson/builders';
import type { BuilderSettings } from '@keelson/builders';
import { ConfigError } from '@keelson/config';
import { jobSettings, processSettings, readSettings, registrySettings } from '@keelson/deployment';
import type { Settings } from '@keelson/deployment';

/** What the service reads from its environment. */
export const names = [
  ...processSettings,
  ...registrySettings,
  ...jobSettings,
  ...(['registry', 'builders', 'buildLimit', 'buildTimeout', 'sealingKey'] as const),
] as const;

export type ImageBuilderConfig = Omit<Settings<(typeof names)[number]>, 'builders'> & {
  builders: BuilderSettings | undefined;
};

/** @throws ConfigError naming every fault */
export function readConfig(env: NodeJS.ProcessEnv = process.env): ImageBuilderConfig {
  const { builders, ...settings } = readSettings(names, env);
  return { ...settings, builders: builders === undefined ? undefined : parseBuilders(builders) };
}

/** What KEELSON_BUILDERS says. @throws ConfigError naming every fault */
export function parseBuilders(value: unknown): BuilderSettings {
  const parsed = builderSettings.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(' '));
  throw new ConfigError(faults.map((message) => ({ key: 'KEELSON_BUILDERS', message })));
}
