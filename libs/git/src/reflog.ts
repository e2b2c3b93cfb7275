import { open } from 'node:fs/promises';
import path from 'node:path';
import { gitText } from './git-command';
import { commonDirOf } from './repository';
import type { Repository } from './repository';

const readAtMost = 1_048_576;

export type ReflogRange = { ref: string; from: string; to: string; signal?: AbortSignal | undefined };

/**
 * The values a ref had after it left `from` and before it came to `to`, oldest first, both left out. Sees what two looks
 * missed: a commit that was pushed and forced away in between. Empty when there is no reflog (bare repositories keep none
 * by default) or when it does not hold both.
 */
export async function reflogBetween(repository: Repository, range: ReflogRange): Promise<readonly string[]> {
  if (!/^refs\/[^\0-\u0020~^:?*[\\]+$/.test(range.ref) || range.ref.includes('..')) return [];
  const values = (await readReflogFile(repository, range.ref)) ?? (await askGit(repository, range));
  const last = values.lastIndexOf(range.to);
  if (last < 0) return [];
  const first = values.lastIndexOf(range.from, last - 1);
  if (first < 0 || last === 0) return [];
  const between = values.slice(first + 1, last);
  return between.filter((value, index) => value !== between[index - 1] && value !== range.from && !/^0+$/.test(value));
}

/** Every value of the ref, oldest first; undefined when there is no such file. A line is `old new who time tz\tmessage`. */
async function readReflogFile(repository: Repository, ref: string): Promise<readonly string[] | undefined> {
  let file;
  try {
    file = await open(path.join(commonDirOf(repository), 'logs', ref), 'r');
  } catch {
    return undefined; // no reflog, or one kept in a reftable
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, readAtMost);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return parse(buffer.toString('latin1'));
  } finally {
    await file.close();
  }
}

function parse(text: string): string[] {
  const values: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) /.exec(line);
    if (match === null) continue; // the first line may be cut
    const [, before = '', after = ''] = match;
    if (values.at(-1) !== before) values.push(before);
    values.push(after);
  }
  return values;
}

async function askGit(repository: Repository, { ref, signal }: ReflogRange): Promise<readonly string[]> {
  try {
    const listing = await gitText(['reflog', 'show', '--format=%H', ref, '--'], { repository, signal });
    return listing.split('\n').reverse();
  } catch {
    signal?.throwIfAborted();
    return []; // no such ref, or no reflog of it
  }
}
