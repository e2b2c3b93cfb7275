import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import picomatch from 'picomatch';
import { isAbsent } from './job-directory';
import { JobsError } from './jobs';
import type { JobFile } from './jobs';

/** More would be a mistake in a pattern rather than evidence. */
export type ArtifactLimits = { maxFiles: number; maxLooked: number };

const usualLimits: ArtifactLimits = { maxFiles: 10_000, maxLooked: 500_000 };

/** A name as the file system has it, which need not be UTF-8, and below the working directory as text. */
type Place = { file: Buffer; relative: string };
type Search = {
  matches: (relative: string) => boolean;
  maxDepth: number;
  found: Map<string, JobFile>;
  looked: { count: number };
  limits: ArtifactLimits;
};

/**
 * The regular files below a directory that match one of the patterns, by their relative paths, sorted. A pattern names dotted files only by a dot
 * of its own. Symbolic links are not followed, wherever they are. @param directory without links above it @throws JobsError when there are too many
 */
export async function findArtifacts(
  directory: string,
  patterns: readonly string[],
  limits: ArtifactLimits = usualLimits,
): Promise<JobFile[]> {
  // The job could have put a link in its place, or above it.
  if ((await realpath(directory).catch(() => undefined)) !== directory) return [];
  const found = new Map<string, JobFile>();
  const looked = { count: 0 };
  for (const pattern of patterns) {
    // `!` is a character like others, and so is a line feed in a file's name.
    const matches = picomatch(pattern, { nonegate: true, flags: 's' });
    // Where a pattern begins with plain names, only what is there is looked at; without `**`, only so deep.
    const { base } = picomatch.scan(pattern, { nonegate: true, unescape: true });
    const maxDepth = pattern.includes('**') ? Infinity : pattern.split('/').length;
    const place = await enter(directory, base);
    if (place !== undefined) await search(place, { matches, maxDepth, found, looked, limits });
  }
  return [...found.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** The place of a plain relative path; undefined when it is not there, leads out, or over a symbolic link. */
async function enter(directory: string, base: string): Promise<Place | undefined> {
  let place: Place = { file: Buffer.from(directory), relative: '' };
  if (!(await statOf(place))?.isDirectory() || path.isAbsolute(base)) return undefined;
  for (const name of base.split('/').filter((segment) => segment !== '' && segment !== '.')) {
    if (name === '..') return undefined;
    if (!(await statOf(place))?.isDirectory()) return undefined;
    place = below(place, Buffer.from(name));
  }
  return place;
}

async function search(place: Place, about: Search): Promise<void> {
  const stat = await statOf(place);
  if (stat?.isFile()) keep(place, stat.size, about);
  if (!stat?.isDirectory() || depthOf(place) >= about.maxDepth) return;
  for (const inside of await promising(place, about)) await search(inside, about);
}

/** What is directly in a directory and may be, or hold, an artifact: links, pipes, devices and sockets do not. */
async function promising(place: Place, { looked, limits, matches }: Search): Promise<Place[]> {
  const entries = await readdir(place.file, { withFileTypes: true, encoding: 'buffer' });
  looked.count += entries.length;
  if (looked.count > limits.maxLooked) throw tooMany(`more than ${limits.maxLooked} files to look through`);
  return entries.flatMap((entry) => {
    const inside = below(place, entry.name);
    return entry.isDirectory() || (entry.isFile() && matches(inside.relative)) ? [inside] : [];
  });
}

function keep(place: Place, sizeBytes: number, { matches, found, limits }: Search): void {
  if (!matches(place.relative)) return;
  found.set(place.relative, { path: place.relative, sizeBytes, read: () => readArtifact(place) });
  if (found.size > limits.maxFiles) throw tooMany(`more than ${limits.maxFiles} files match`);
}

const tooMany = (what: string): JobsError =>
  new JobsError(`the artifacts are not kept: ${what}; name them more closely`, false);

async function* readArtifact({ file, relative }: Place): AsyncGenerator<Uint8Array> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!(await handle.stat()).isFile()) throw new JobsError(`the artifact ${relative} is no file any more`, false);
    for await (const bytes of handle.createReadStream({ autoClose: false })) yield bytes as Buffer;
  } finally {
    await handle.close();
  }
}

async function statOf({ file }: Place): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const depthOf = ({ relative }: Place): number => (relative === '' ? 0 : relative.split('/').length);

const below = ({ file, relative }: Place, name: Buffer): Place => ({
  file: Buffer.concat([file, Buffer.from('/'), name]),
  relative: relative === '' ? name.toString() : `${relative}/${name.toString()}`,
});
