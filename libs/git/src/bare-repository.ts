import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { git } from './git-command';
import type { Repository } from './repository';

/** An hour: no fetch of ours takes as long without touching its files. */
const abandonedMs = 3_600_000;

/**
 * Opens a bare repository of ours, and makes it first when it is not there: beside its place, moved there when complete, so
 * that a crash leaves none that is half made. Left-overs of interrupted fetches are removed.
 */
export async function openOwnBare(
  directory: string,
  options: { objectFormat: 'sha1' | 'sha256'; signal?: AbortSignal | undefined },
): Promise<Repository> {
  const repository: Repository = { gitDir: directory, commonDir: directory };
  if (await exists(path.join(directory, 'HEAD'))) {
    await removeAbandoned(directory);
    return repository;
  }
  const parent = path.dirname(directory);
  await mkdir(parent, { recursive: true });
  for (const name of await namesIn(parent)) {
    const halfMade = name.startsWith(`${path.basename(directory)}.making-`);
    if (halfMade) await rm(path.join(parent, name), { recursive: true, force: true });
  }
  const making = await mkdtemp(`${directory}.making-`);
  try {
    const format = `--object-format=${options.objectFormat}`;
    await git(['init', '--quiet', '--bare', '--template=', format, '--', making], { signal: options.signal });
    await rename(making, directory);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return repository;
}

/** Lock files and half-received packs that nobody has touched for long: their makers are gone. */
export async function removeAbandoned(directory: string, olderThanMs = abandonedMs): Promise<void> {
  for (const place of [directory, path.join(directory, 'objects', 'pack')]) {
    for (const name of await namesIn(place)) {
      const file = path.join(place, name);
      const leftOver = name.endsWith('.lock') || name.startsWith('tmp_');
      if (leftOver && (await ageMs(file)) >= olderThanMs) await rm(file, { force: true });
    }
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch {
    return []; // not made yet
  }
}

async function ageMs(file: string): Promise<number> {
  try {
    return Date.now() - (await stat(file)).mtimeMs;
  } catch {
    return 0; // gone in the meantime
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false; // not there, or not to be read: making it will say so
  }
}
