import { withSession } from './git-session';
import type { ObjectSource } from './git-session';
import { checkObjectId, ObjectMissingError } from './object-id';
import type { ObjectProcess } from './object-process';

/**
 * A file of a commit or a tree.
 * @param path relative, segments divided by `/`
 * @returns undefined when there is no such file; 'too-large' when it has more than `maxBytes`
 * @throws ObjectMissingError when the repository lacks what would tell
 */
export async function readBlob(
  source: ObjectSource,
  file: { commit: string; path: string },
  options: { maxBytes: number; signal?: AbortSignal },
): Promise<Buffer | 'too-large' | undefined> {
  checkObjectId(file.commit);
  if (!isPlainPath(file.path)) return undefined;
  return withSession(source, (session) =>
    session.use(async (objects) => {
      objects.ask([`${file.commit}:${file.path}`]);
      const header = await objects.header();
      if (header === undefined) return expectAbsent(objects, file);
      if (header.type === 'blob' && header.sizeBytes <= options.maxBytes) return objects.content(header);
      objects.end(); // cheaper than reading what nobody wants
      return header.type === 'blob' ? 'too-large' : undefined;
    }, options.signal),
  );
}

/** Git says `missing` as well of a file that is not in the tree as of one whose objects are gone: looks down the path. */
async function expectAbsent(objects: ObjectProcess, { commit, path }: { commit: string; path: string }) {
  let at = `${commit}^{tree}`;
  for (const part of path.split('/')) {
    objects.ask([at]);
    const header = await objects.header();
    if (header === undefined) throw new ObjectMissingError(`${at} is not in the repository`);
    if (header.type !== 'tree') {
      objects.end();
      return undefined; // a file, which has nothing below it
    }
    const id = entryOf(await objects.content(header), { name: part, idBytes: header.id.length / 2 });
    if (id === undefined) return undefined;
    at = id;
  }
  throw new ObjectMissingError(`${path} of the commit ${commit} is ${at}, which is not in the repository`);
}

/** Of a tree object, `mode SP name NUL id` again and again. A submodule's commit is not to be had here, and no file. */
function entryOf(bytes: Buffer, { name, idBytes }: { name: string; idBytes: number }): string | undefined {
  const wanted = Buffer.from(name);
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space + 1);
    if (space < 0 || end < 0) return undefined;
    const isSubmodule = bytes.toString('latin1', at, space) === '160000';
    at = end + 1 + idBytes;
    if (wanted.equals(bytes.subarray(space + 1, end)))
      return isSubmodule ? undefined : bytes.toString('hex', end + 1, at);
  }
  return undefined;
}

/** No tree holds other paths, and git would read some of them in its own way (`./x`, a second `:`). */
function isPlainPath(path: string): boolean {
  if (/[\0\n\r]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
