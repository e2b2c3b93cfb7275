import { gitText } from './git-command';
import type { ListedRef } from './heads';
import type { RemoteHeads } from './remote-heads';
import type { Repository } from './repository';

/**
 * The name of the tag on a commit, its last path segment; empty when there is none, the last in byte order when there are several.
 * Only what names the commit itself counts: a tag with a message of its own names an object of its own.
 * @throws RepositoryGoneError; GitError
 */
export async function localTag(repository: Repository, commit: string, signal?: AbortSignal): Promise<string> {
  const format = '--format=%(objectname) %(refname)';
  const listing = await gitText(['for-each-ref', format, 'refs/tags'], { repository, signal });
  return lastName(listing.split('\n').flatMap((line) => (line.startsWith(`${commit} `) ? [line] : [])));
}

/** The same of a remote repository, by one request. @throws as RemoteHeads.heads */
export async function remoteTag(
  { remote, url }: { remote: RemoteHeads; url: string },
  commit: string,
  signal?: AbortSignal,
): Promise<string> {
  const tags = await remote.heads(url, ['refs/tags/**'], signal);
  const isHere = (tag: ListedRef): boolean => tag.commit === commit && tag.isAnnotated !== true;
  return lastName(tags.filter(isHere).map(({ ref }) => ref));
}

const lastName = (refs: readonly string[]): string => [...refs].sort().at(-1)?.split('/').at(-1) ?? '';
