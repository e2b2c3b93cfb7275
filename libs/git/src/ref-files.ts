import { lstat, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Head } from './heads';
import { fullRef, isRefPattern } from './ref-pattern';
import { commonDirOf } from './repository';
import type { Repository } from './repository';

const objectName = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const symrefDepth = 5;

/**
 * One branch read from the ref files, without starting git: 0.2 ms instead of 3.
 * Undefined means "ask git": another ref backend, a pattern, a tag (it may need peeling), no such ref, or anything unusual.
 * @param pattern absent: HEAD
 * @see https://git-scm.com/docs/gitrepository-layout
 */
export async function readHeadFile(repository: Repository, pattern?: string): Promise<Head | undefined> {
  if (pattern !== undefined && isRefPattern(pattern)) return undefined;
  try {
    if (!(await usesFiles(repository))) return undefined;
    return await follow(repository, pattern === undefined ? 'HEAD' : fullRef(pattern));
  } catch {
    return undefined; // whatever it is, git knows better, and has the words for it
  }
}

/** What a configuration file says, and what file that was: it is looked at again and again, and hardly ever changes. */
type Known = { file: string; usesFiles: boolean };
const configurations = new WeakMap<Repository, Known>();

/** The `files` backend keeps refs as files; every other one is named in the repository's configuration. */
async function usesFiles(repository: Repository): Promise<boolean> {
  const config = path.join(commonDirOf(repository), 'config');
  const { ino, size, mtimeNs, ctimeNs } = await stat(config, { bigint: true });
  const file = [ino, size, mtimeNs, ctimeNs].join(' ');
  const known = configurations.get(repository);
  if (known?.file === file) return known.usesFiles;
  const found = { file, usesFiles: !/refstorage/i.test(await readFile(config, 'utf8')) };
  configurations.set(repository, found);
  return found.usesFiles;
}

async function follow(repository: Repository, start: string): Promise<Head | undefined> {
  let ref = start;
  for (let depth = 0; depth < symrefDepth; depth += 1) {
    const value = await readRef(repository, ref);
    const target = value?.startsWith('ref: ') === true ? value.slice(5).trim() : undefined;
    if (target === undefined) return head({ start, ref, value });
    ref = target;
  }
  return undefined;
}

function head({ start, ref, value }: { start: string; ref: string; value: string | undefined }): Head | undefined {
  // Only branches are certain to name commits.
  const certain = ref === 'HEAD' || ref.startsWith('refs/heads/');
  if (value === undefined || !objectName.test(value) || !certain) return undefined;
  return { ref: start === 'HEAD' ? ref : start, commit: value };
}

/** A loose ref wins over the packed one. git packs first and removes the loose file then, so this order misses nothing. */
async function readRef(repository: Repository, ref: string): Promise<string | undefined> {
  const base = ref.startsWith('refs/') ? commonDirOf(repository) : repository.gitDir;
  const file = path.join(base, ref);
  // Very old repositories have symbolic links as symbolic refs.
  if (!ref.startsWith('refs/') && (await lstat(file)).isSymbolicLink()) return undefined;
  try {
    return (await readFile(file, 'latin1')).trim();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EISDIR') throw cause;
    return readPacked(repository, ref);
  }
}

async function readPacked(repository: Repository, ref: string): Promise<string | undefined> {
  const packed = await readFile(path.join(commonDirOf(repository), 'packed-refs'));
  const end = packed.indexOf(` ${ref}\n`);
  if (end < 0) return undefined;
  const start = packed.lastIndexOf('\n', end) + 1;
  return packed.toString('latin1', start, end);
}
