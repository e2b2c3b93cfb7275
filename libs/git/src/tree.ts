import type { GitSession } from './git-session';
import type { ObjectProcess } from './object-process';
import { checkObjectId, ObjectMissingError } from './object-id';

/** A tree holds a name or a mode that no honest tool writes: building from it could write outside its directory. The user's fault. */
export class HostileTreeError extends Error {
  readonly code = 'hostile-tree';
  override readonly name = 'HostileTreeError';
}

/** The tree holds more entries than allowed: files that repeat one another can make a few bytes look like billions of files. */
export class TreeTooLargeError extends Error {
  readonly code = 'tree-too-large';
  override readonly name = 'TreeTooLargeError';
}

export type TreeEntry = {
  /** Raw bytes, relative to the tree's root, segments divided by `/`. git does not say in which encoding. */
  path: Buffer;
  kind: 'file' | 'executable' | 'symlink' | 'directory' | 'submodule';
  id: string;
};

export type Tree = { id: string; entries: readonly TreeEntry[] };

const kinds: Readonly<Record<string, TreeEntry['kind']>> = {
  '100644': 'file',
  '100664': 'file', // written by very old versions of git
  '100755': 'executable',
  '120000': 'symlink',
  '40000': 'directory',
  '040000': 'directory', // zero-padded by some other tools
  '160000': 'submodule',
};

const largestTree = 268_435_456;
const longestName = 255;
const longestPath = 4_095;
const slash = Buffer.from('/');

export type ListOptions = { maxEntries: number; signal?: AbortSignal | undefined };

/**
 * Everything below a commit's or tree's root. Trees are read raw, level by level, through the session: no further process,
 * and names are judged as they are stored, before any tool has given them a meaning.
 * @throws HostileTreeError; TreeTooLargeError; ObjectMissingError
 */
export async function listTree(session: GitSession, id: string, options: ListOptions): Promise<Tree> {
  checkObjectId(id);
  return session.use(async (objects) => {
    objects.ask([`${id}^{tree}`]);
    const root = await readTree(objects, id);
    const entries: TreeEntry[] = parseTree(root.bytes, { parent: undefined, idBytes: root.id.length / 2 });
    let level: readonly TreeEntry[] = entries.filter(({ kind }) => kind === 'directory');
    while (level.length > 0) {
      const below = await readLevel(objects, level, options.maxEntries - entries.length);
      for (const entry of below) entries.push(entry);
      level = below.filter(({ kind }) => kind === 'directory');
    }
    return { id: root.id, entries };
  }, options.signal);
}

async function readLevel(
  objects: ObjectProcess,
  directories: readonly TreeEntry[],
  room: number,
): Promise<TreeEntry[]> {
  objects.ask(directories.map(({ id }) => id));
  const found: TreeEntry[] = [];
  for (const directory of directories) {
    const { bytes, id } = await readTree(objects, directory.id);
    for (const entry of parseTree(bytes, { parent: directory.path, idBytes: id.length / 2 })) found.push(entry);
    if (found.length > room) throw new TreeTooLargeError('the tree holds more entries than allowed');
  }
  return found;
}

async function readTree(objects: ObjectProcess, id: string): Promise<{ id: string; bytes: Buffer }> {
  const header = await objects.header();
  if (header?.type !== 'tree') throw new ObjectMissingError(`there is no tree of ${id} in the repository`);
  if (header.sizeBytes > largestTree) throw new TreeTooLargeError(`the tree ${id} has ${header.sizeBytes} bytes`);
  return { id: header.id, bytes: await objects.content(header) };
}

/** A tree object is `mode SP name NUL id`, again and again. */
function parseTree(bytes: Buffer, { parent, idBytes }: { parent: Buffer | undefined; idBytes: number }): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const names = new Set<string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space + 1);
    if (space < 0 || end < 0 || end + 1 + idBytes > bytes.length)
      throw new HostileTreeError('a tree object is cut short');
    const name = bytes.subarray(space + 1, end);
    const path = parent === undefined ? Buffer.from(name) : Buffer.concat([parent, slash, name]);
    const key = name.toString('latin1');
    checkName(key, path);
    if (names.has(key)) throw new HostileTreeError(`the tree holds the entry ${show(path)} twice`);
    names.add(key);
    const kind = kinds[bytes.toString('latin1', at, space)];
    if (kind === undefined) throw new HostileTreeError(`the tree's entry ${show(path)} has an unknown mode`);
    entries.push({ path, kind, id: bytes.toString('hex', end + 1, end + 1 + idBytes) });
    at = end + 1 + idBytes;
  }
  return entries;
}

function checkName(name: string, path: Buffer): void {
  const refuse = (why: string): never => {
    throw new HostileTreeError(`the tree holds an entry ${why}: ${show(path)}`);
  };
  if (name === '') refuse('without a name');
  if (name === '.' || name === '..') refuse('that names a directory above or itself');
  // Case does not matter on some file systems: `.GIT` would be a repository there.
  if (name.toLowerCase() === '.git') refuse('that would be a git directory');
  if (name.includes('/')) refuse('with a slash in its name');
  if (name.length > longestName) refuse('with a name of more than 255 bytes');
  if (path.length > longestPath) refuse('with a path of more than 4,095 bytes');
}

/** A path for people: what is no printable UTF-8 is escaped, and long ones are cut. */
export function show(path: Buffer): string {
  const text = JSON.stringify(path.toString('utf8'));
  return text.length > 300 ? `${text.slice(0, 300)}..."` : text;
}
