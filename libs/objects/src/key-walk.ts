import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './file-error';
import { readName } from './file-name';
import { compareKeys } from './object-key';
import type { ObjectInfo } from './object-store';

/** Which keys to list: those that begin with `prefix` and come behind `after`. */
export type KeyRange = { prefix: string; after: string };

/** A directory on disk and the beginning of all keys in it: '' or ending in `/`. */
export type Place = { directory: string; key: string };

/** A segment found in a directory. `key` ends in `/` for a directory, so that plain order of `key` is the order of the keys in it. */
type Entry = { key: string; path: string };

/** Sizes are looked up this many at once: as many as the thread pool has use for. */
const sizesAtOnce = 32;

/** The objects at and below a place, in byte order of their keys. Holds the names of one directory per level, never more. */
export async function* walk(place: Place, range: KeyRange): AsyncIterable<ObjectInfo> {
  const entries = await entriesOf(place, range);
  for (let at = 0; at < entries.length;) {
    const entry = entries[at] as Entry;
    if (entry.key.endsWith('/')) {
      at += 1;
      yield* walk({ directory: entry.path, key: entry.key }, range);
      continue;
    }
    const files = filesFrom(entries, at);
    at += files.length;
    for (const found of await Promise.all(files.map(sizeOf))) if (found !== undefined) yield found;
  }
}

/** The segments directly at a place, in byte order. A directory without any object in it is not there, as in S3. */
export async function segmentsAt(place: Place): Promise<string[]> {
  const entries = await entriesOf(place, { prefix: place.key, after: '' });
  const segments: string[] = [];
  for (let at = 0; at < entries.length; at += sizesAtOnce) {
    const some = entries.slice(at, at + sizesAtOnce);
    const holds = await Promise.all(some.map(isThere));
    segments.push(...some.filter((_entry, index) => holds[index]).map(({ key }) => key.slice(place.key.length)));
  }
  return segments;
}

function filesFrom(entries: readonly Entry[], from: number): Entry[] {
  const some = entries.slice(from, from + sizesAtOnce);
  const directory = some.findIndex(({ key }) => key.endsWith('/'));
  return directory < 0 ? some : some.slice(0, directory);
}

async function entriesOf(place: Place, range: KeyRange): Promise<Entry[]> {
  const entries: Entry[] = [];
  await collect(place, range, entries);
  return entries.sort((a, b) => compareKeys(a.key, b.key));
}

/** Names of one segment may lie in directories of parts: these are read here and now, so that the segments can be sorted. */
async function collect(place: Place, range: KeyRange, into: Entry[]): Promise<void> {
  for (const found of await read(place.directory)) {
    const name = readName(found.name);
    if (name === undefined || (name.kind === 'file' ? !found.isFile() : !found.isDirectory())) continue;
    const entry = { key: place.key + name.text, path: path.join(place.directory, found.name) };
    if (name.kind === 'part') await collect({ directory: entry.path, key: entry.key }, range, into);
    else if (name.kind === 'directory') addDirectory({ ...entry, key: `${entry.key}/` }, range, into);
    else if (entry.key.startsWith(range.prefix) && compareKeys(entry.key, range.after) > 0) into.push(entry);
  }
}

function addDirectory(entry: Entry, { prefix, after }: KeyRange, into: Entry[]): void {
  const inPrefix = entry.key.startsWith(prefix) || prefix.startsWith(entry.key);
  const behind = compareKeys(entry.key, after) > 0 || after.startsWith(entry.key);
  if (inPrefix && behind) into.push(entry);
}

/** All names at once: three times as fast as a stream of them, and they must be sorted anyway. */
async function read(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    // Removed since it was seen, or never there: no objects.
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function sizeOf({ key, path: file }: Entry): Promise<ObjectInfo | undefined> {
  try {
    return { key, sizeBytes: (await lstat(file)).size };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const isThere = async (entry: Entry): Promise<boolean> => !entry.key.endsWith('/') || holdsObject(entry.path);

/** False for a directory that a crash left without its first object, or that is just being removed. */
async function holdsObject(directory: string): Promise<boolean> {
  for (const found of await read(directory)) {
    const kind = readName(found.name)?.kind;
    if (kind === 'file' && found.isFile()) return true;
    if (kind !== undefined && found.isDirectory() && (await holdsObject(path.join(directory, found.name)))) return true;
  }
  return false;
}
