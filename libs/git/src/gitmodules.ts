import { git, GitError } from './git-command';
import type { Repository } from './repository';
import { SubmoduleError } from './submodule-error';

export type Submodule = { name: string; url: string };

/**
 * The submodules that a .gitmodules file describes, by path (raw bytes as latin1 text). Read by git itself, from the object, includes not followed.
 * @throws SubmoduleError when the file is not valid
 */
export async function readGitmodules(
  repository: Repository,
  blob: string,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Submodule>> {
  const listing = await list(repository, blob, signal);
  const fields = new Map<string, { path?: string; url?: string }>();
  for (const line of listing.split('\0')) {
    const match = /^submodule\.([^\n]*)\.(path|url)\n([^]*)$/.exec(line);
    if (match === null) continue;
    const [, name = '', field = '', value = ''] = match;
    fields.set(name, { ...fields.get(name), [field]: value });
  }
  const byPath = new Map<string, Submodule>();
  for (const [name, { path, url }] of fields) {
    if (path !== undefined && url !== undefined) byPath.set(path.replace(/\/+$/, ''), { name, url });
  }
  return byPath;
}

async function list(repository: Repository, blob: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const args = ['config', '--no-includes', `--blob=${blob}`, '--null', '--list'];
    const { stdout } = await git(args, { repository, signal, maxBytes: 16_777_216 });
    return stdout.toString('latin1');
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw new SubmoduleError(`.gitmodules cannot be read: ${cause.stderr}`, { cause });
  }
}
