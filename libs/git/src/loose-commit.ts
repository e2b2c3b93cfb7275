import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { commonDirOf } from './repository';
import type { Repository } from './repository';

const unpacked = promisify(inflate);
/** Of an ordinary commit: longer ones are git's to read. */
const maxFileBytes = 16_384;
const maxBytes = 262_144;

/**
 * The parents of a commit that lies in a file of its own, as one does that was made a moment ago, without starting git:
 * 0.3 ms instead of some 10. Undefined means "ask git": it is packed, elsewhere, not there, or anything unusual.
 * @see https://git-scm.com/docs/gitformat-loose
 */
export async function looseParents(repository: Repository, id: string): Promise<readonly string[] | undefined> {
  try {
    const file = path.join(commonDirOf(repository), 'objects', id.slice(0, 2), id.slice(2));
    return parentsIn(await unpacked(await readSmall(file), { maxOutputLength: maxBytes }), id);
  } catch {
    return undefined; // whatever it is, git knows better, and has the words for it
  }
}

async function readSmall(file: string): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(maxFileBytes), 0, maxFileBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function parentsIn(object: Buffer, id: string): readonly string[] | undefined {
  const digest = createHash(id.length === 40 ? 'sha1' : 'sha256')
    .update(object)
    .digest('hex');
  if (digest !== id || !object.subarray(0, 7).equals(Buffer.from('commit '))) return undefined;
  const text = object.toString('latin1', object.indexOf(0) + 1);
  const [, ...lines] = text.slice(0, text.indexOf('\n\n')).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('parent '));
  return lines.slice(0, end < 0 ? lines.length : end).map((line) => line.slice('parent '.length));
}
