import { withSession } from './git-session';
import type { ObjectSource } from './git-session';
import { checkObjectId } from './object-id';

/**
 * A file of a commit or a tree.
 * @param path relative, segments divided by `/`
 * @returns undefined when there is no such file; 'too-large' when it has more than `maxBytes`
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
      if (header === undefined) return undefined;
      if (header.type === 'blob' && header.sizeBytes <= options.maxBytes) return objects.content(header);
      objects.end(); // cheaper than reading what nobody wants
      return header.type === 'blob' ? 'too-large' : undefined;
    }, options.signal),
  );
}

/** No tree holds other paths, and git would read some of them in its own way (`./x`, a second `:`). */
function isPlainPath(path: string): boolean {
  if (/[\0\n\r]/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
