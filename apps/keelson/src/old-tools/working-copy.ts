import { git, gitText, localTag, openRepository } from '@keelson/git';
import type { Repository } from '@keelson/git';

/** What a template may know of the working copy it is rendered in. */
export type WorkingCopy = {
  /** Its top. */
  dir: string;
  /** Undefined when HEAD is detached. */
  branch: string | undefined;
  /** HEAD's commit; undefined before the first one. */
  hash: string | undefined;
  /** The tag on HEAD, its last path segment; empty when there is none. Tags with a message of their own do not count. */
  tag: string;
  /** Where `origin`, else the first remote, is fetched from; empty when there is none. */
  url: string;
};

/**
 * Reads the working copy that a directory lies in.
 * @throws NoRepositoryError; RepositoryOwnerError; GitError
 */
export async function readWorkingCopy(directory: string): Promise<WorkingCopy> {
  const repository = await openRepository(directory, { upwards: true });
  const [hash, branch, url] = await Promise.all([
    answer(repository, ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}']),
    answer(repository, ['symbolic-ref', '--quiet', 'HEAD']),
    remoteUrl(repository),
  ]);
  return {
    dir: repository.workTree ?? repository.gitDir,
    branch: branch === '' ? undefined : branch.replace(/^refs\/heads\//, ''),
    hash: hash === '' ? undefined : hash,
    tag: hash === '' ? '' : await localTag(repository, hash),
    url,
  };
}

/** The names of all tags of the repository that a directory lies in. @throws as `readWorkingCopy` */
export async function readTags(directory: string): Promise<readonly string[]> {
  const repository = await openRepository(directory, { upwards: true });
  const names = await gitText(['for-each-ref', '--format=%(refname:strip=2)', 'refs/tags'], { repository });
  return names.split('\n').filter((name) => name !== '');
}

/** An empty text where git has no answer. */
async function answer(repository: Repository, args: readonly string[]): Promise<string> {
  const { stdout } = await git(args, { repository, okExitCodes: [0, 1] });
  return stdout.toString('utf8').replace(/\n$/, '');
}

async function remoteUrl(repository: Repository): Promise<string> {
  const lines = (await answer(repository, ['config', '--get-regexp', '^remote\\..*\\.url$'])).split('\n');
  const line = lines.find((one) => one.startsWith('remote.origin.url ')) ?? lines[0] ?? '';
  return asUrl(line.slice(line.indexOf(' ') + 1));
}

/** `user@host:path`, which git understands and a URL parser does not, as the ssh URL it stands for. */
function asUrl(text: string): string {
  const short = /^((?:[^@/:]+@)?[^@/:]+):(?!\/\/)(.*)$/.exec(text);
  return short === null ? text : `ssh://${short[1] ?? ''}/${(short[2] ?? '').replace(/^\//, '')}`;
}
