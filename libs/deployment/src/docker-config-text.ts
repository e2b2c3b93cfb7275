import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Settings } from './read-settings';

/** Reads Docker's config.json anew at each call, for pods that ask registries themselves; undefined where no directory is set, or holds none. */
export function dockerConfigText({
  dockerConfig: directory,
}: Pick<Settings<'dockerConfig'>, 'dockerConfig'>): (() => Promise<string | undefined>) | undefined {
  return directory === undefined ? undefined : () => readIfThere(path.join(directory, 'config.json'));
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
