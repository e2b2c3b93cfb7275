import { ConfigError } from '@keelson/config';
import { processSettings, readSettings, registrySettings } from '@keelson/deployment';
import type { Settings } from '@keelson/deployment';
import { parseSource } from '@keelson/git';
import type { Source } from '@keelson/git';

/** What the service reads from its environment. */
export const names = [
  ...processSettings,
  ...registrySettings,
  'sources',
  'from',
  'sourceInterval',
  'gitTokenFile',
  'workDir',
] as const;

export type WatcherConfig = Omit<Settings<(typeof names)[number]>, 'sources'> & { sources: readonly Source[] };

/** @throws ConfigError naming every fault */
export async function readConfig(env: NodeJS.ProcessEnv = process.env): Promise<WatcherConfig> {
  const { sources, ...settings } = readSettings(names, env);
  return { ...settings, sources: await parseSources(sources) };
}

async function parseSources(texts: readonly string[]): Promise<readonly Source[]> {
  const sources: Source[] = [];
  const faults: { key: string; message: string }[] = [];
  for (const text of texts) {
    try {
      sources.push(await remote(text));
    } catch (error) {
      faults.push({ key: 'KEELSON_SOURCES', message: (error as Error).message });
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return sources;
}

/** Only a URL means the same to the bootstrapper, which is another process, perhaps on another machine. */
async function remote(text: string): Promise<Source> {
  const { location, name, ...rest } = await parseSource(text, { cwd: '/' });
  if (location.kind !== 'remote')
    throw new Error(`${name} is a directory of this machine: name a URL that every service can reach`);
  // Records name it without them, and bootstrapper could not read it.
  if (location.credentials !== undefined)
    throw new Error(`name ${name} without credentials: give all services a token by KEELSON_GIT_TOKEN_FILE`);
  return { location, name, ...rest };
}
