import { open } from 'node:fs/promises';
import path from 'node:path';
import { gitText } from './git-command';
import { commonDirOf } from './repository';
import type { Repository } from './repository';

const readAtMost = 1_048_576;

export type ReflogRange = {
  ref: string;
  from: string;
  to: string;
  /** When the ref was seen to be at `from`, milliseconds since the epoch: tells which time it was, where it was there again and again. */
  fromSeenAtMs?: number | undefined;
  signal?: AbortSignal | undefined;
};

/** A value the ref took, and when, in seconds since the epoch; NaN where that is not known. */
type Entry = { value: string; atS: number };

/**
 * The values a ref had after it left `from` and before it came to `to`, oldest first, both left out. Sees what two looks
 * missed: a commit that was pushed and forced away in between. Empty when there is no reflog (bare repositories keep none
 * by default) or when it does not hold both. A reflog knows whole seconds: with `fromSeenAtMs`, values the ref had earlier in that
 * second may be among them.
 */
export async function reflogBetween(repository: Repository, range: ReflogRange): Promise<readonly string[]> {
  if (!/^refs\/[^\0-\u0020~^:?*[\\]+$/.test(range.ref) || range.ref.includes('..')) return [];
  const entries = (await readReflogFile(repository, range.ref)) ?? (await askGit(repository, range));
  const values = entries.map(({ value }) => value);
  const last = values.lastIndexOf(range.to);
  if (last < 1) return [];
  const first = seenAt(entries.slice(0, last), range) ?? values.lastIndexOf(range.from, last - 1);
  if (first < 0) return [];
  const between = values.slice(first + 1, last);
  return between.filter((value, index) => value !== between[index - 1] && value !== range.from && !/^0+$/.test(value));
}

/** The earliest entry that can be the one which was seen; undefined when no time fits: clocks and commit times can be anything. */
function seenAt(entries: readonly Entry[], { from, fromSeenAtMs }: ReflogRange): number | undefined {
  if (fromSeenAtMs === undefined) return undefined;
  const seenS = Math.floor(fromSeenAtMs / 1000);
  const found = entries.findIndex(
    ({ value, atS }, index) => value === from && atS <= seenS && (entries[index + 1]?.atS ?? seenS) >= seenS,
  );
  return found < 0 ? undefined : found;
}

/** Every value of the ref, oldest first; undefined when there is no such file. A line is `old new who time tz\tmessage`. */
async function readReflogFile(repository: Repository, ref: string): Promise<readonly Entry[] | undefined> {
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

function parse(text: string): Entry[] {
  const entries: Entry[] = [];
  for (const line of text.split('\n')) {
    const match = /^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (?:[^\t]*> (\d+) )?/.exec(line);
    if (match === null) continue; // the first line may be cut
    const [, before = '', after = '', at] = match;
    if (entries.at(-1)?.value !== before) entries.push({ value: before, atS: NaN });
    entries.push({ value: after, atS: Number(at ?? NaN) });
  }
  return entries;
}

async function askGit(repository: Repository, { ref, signal }: ReflogRange): Promise<readonly Entry[]> {
  try {
    // %gd is `<ref>@{<seconds>}` with this date: a commit's own time may be another.
    const args = ['reflog', 'show', '--date=unix', '--format=%H %gd', ref, '--'];
    const listing = await gitText(args, { repository, signal });
    return listing
      .split('\n')
      .reverse()
      .map((line) => ({ value: line.slice(0, line.indexOf(' ')), atS: Number(/@\{(\d+)\}$/.exec(line)?.[1] ?? NaN) }));
  } catch {
    signal?.throwIfAborted();
    return []; // no such ref, or no reflog of it
  }
}
