import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SealingKey, sealingKeyBytes } from '@keelson/pipeline';
import type { DataDirectory } from './data-directory';
import { errorCode } from './error-code';

/**
 * The key that rendered Job templates are sealed with. Made when it is first needed, and never changed: who loses it cannot open what was
 * sealed before. @throws SealError when the file does not hold one
 */
export async function sealingKey({ root }: Pick<DataDirectory, 'root'>): Promise<SealingKey> {
  const file = path.join(root, 'sealing.key');
  const present = await readFile(file).catch(() => undefined); // the first time
  if (present !== undefined) return new SealingKey(present);
  const beside = `${file}.${process.pid}`;
  try {
    await writeFile(beside, randomBytes(sealingKeyBytes), { mode: 0o600, flush: true });
    await link(beside, file);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error; // another process was first: its key counts
  } finally {
    await rm(beside, { force: true });
  }
  return new SealingKey(await readFile(file));
}
