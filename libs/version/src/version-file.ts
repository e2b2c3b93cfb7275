import { randomBytes } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { getSystemErrorMap } from 'node:util';
import type { SemanticVersion } from './semantic-version';
import { VersionFileError } from './version-errors';
import { markupOf, versionIn, withVersion } from './version-text';

export type FileOptions = {
  /** What a relative name is relative to. */
  cwd: string;
};

/**
 * The version that a file carries.
 * @throws VersionFileError; VersionNotFoundError; VersionsDifferError; InvalidVersionError
 */
export async function readVersion(file: string, { cwd }: FileOptions): Promise<SemanticVersion> {
  // Bytes as characters: whatever encoding the file is in, it is written back as it was.
  const text = await asNamed('open', file, readFile(path.resolve(cwd, file), 'latin1'));
  return versionIn(text, markupOf(file));
}

/** That a file is there. @throws VersionFileError */
export async function requireFile(file: string, { cwd }: FileOptions): Promise<void> {
  await asNamed('stat', file, stat(path.resolve(cwd, file)));
}

/**
 * Writes a version wherever the file carries one. A reader sees the file before or after, never in between; after a power cut too.
 * Its mode stays, and a link stays a link.
 * @param version as it is to be written
 * @throws VersionFileError
 */
export async function writeVersion(file: string, version: string, { cwd }: FileOptions): Promise<void> {
  const target = await asNamed('open', file, realpath(path.resolve(cwd, file)));
  const before = await asNamed('open', file, writable(target));
  const after = withVersion(before, version, markupOf(file));
  if (after !== before) await asNamed('write', file, replace(target, after));
}

/** What a file holds that may be written: that its directory may be is not enough. */
async function writable(target: string): Promise<string> {
  const handle = await open(target, 'r+');
  try {
    return await handle.readFile('latin1');
  } finally {
    await handle.close();
  }
}

async function replace(target: string, text: string): Promise<void> {
  const { mode, uid, gid } = await stat(target);
  const beside = path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(text, 'latin1');
      await handle.chown(uid, gid).catch(() => undefined); // not ours to give away: then it is ours
      await handle.chmod(mode & 0o7777);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

async function asNamed<T>(call: string, file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { errno, message } = cause as NodeJS.ErrnoException;
    const words = getSystemErrorMap().get(errno ?? 0)?.[1] ?? message;
    throw new VersionFileError(`${call} ${file}: ${words}`, { cause });
  }
}
