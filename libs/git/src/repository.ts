import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { git, GitError } from './git-command';

/** A repository on this machine, as every function of this library takes it. Made by `openRepository`; plain data. */
export type Repository = {
  /** Absolute path of the git directory; of a linked worktree, its own one. */
  gitDir: string;
  /** Where refs and objects are: another directory than `gitDir` for a linked worktree. Absent: `gitDir`. */
  commonDir?: string;
  /** Absolute path of the working copy's top; absent when the repository is bare. */
  workTree?: string;
  /** Further object directories to read from, as `worktreeCommit` makes one. */
  objectDirectories?: readonly string[];
};

/** There is no repository at that path. */
export class NoRepositoryError extends Error {
  readonly code = 'no-repository';
  override readonly name = 'NoRepositoryError';
}

/** The repository belongs to another user, and git does not trust its configuration. */
export class RepositoryOwnerError extends Error {
  readonly code = 'repository-owner';
  override readonly name = 'RepositoryOwnerError';
}

export const commonDirOf = (repository: Repository): string => repository.commonDir ?? repository.gitDir;

/**
 * Opens the repository whose top or git directory is this path; with `upwards`, also the one that the path lies in.
 * git's own discovery is used, so that its ownership check applies: the explicit directory we pass afterwards skips it.
 * @throws NoRepositoryError; RepositoryOwnerError; GitMissingError
 */
export async function openRepository(
  location: string,
  options: { upwards?: boolean; signal?: AbortSignal | undefined } = {},
): Promise<Repository> {
  const directory = await directoryAt(location);
  const found = await discover(directory, options.signal);
  if (options.upwards !== true && found.workTree !== directory && !(await isGitDir(found, directory))) {
    throw new NoRepositoryError(
      `no git repository at ${location}: it lies inside ${found.workTree ?? found.gitDir}; name that path instead`,
    );
  }
  return found;
}

async function directoryAt(location: string): Promise<string> {
  try {
    const directory = await realpath(location);
    if ((await stat(directory)).isDirectory()) return directory;
    throw new NoRepositoryError(`no git repository at ${location}: it is a file, not a directory`);
  } catch (cause) {
    if (cause instanceof NoRepositoryError) throw cause;
    throw new NoRepositoryError(`no git repository at ${location}: ${accessProblem(cause)}`, { cause });
  }
}

function accessProblem(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such directory';
  return code === 'EACCES' ? 'it may not be read' : String(code);
}

async function discover(directory: string, signal: AbortSignal | undefined): Promise<Repository> {
  const question = [
    '--absolute-git-dir',
    '--git-common-dir',
    '--is-bare-repository',
    '--is-inside-work-tree',
    '--show-prefix',
  ];
  try {
    // The user named this path, so a bare repository is meant even where the configuration asks for care.
    const { stdout } = await git(['-c', 'safe.bareRepository=all', 'rev-parse', ...question], {
      cwd: directory,
      signal,
    });
    return describe(directory, stdout.toString('utf8').split('\n'));
  } catch (cause) {
    if (!(cause instanceof GitError)) throw cause;
    throw discoveryError(directory, cause);
  }
}

async function describe(directory: string, lines: readonly string[]): Promise<Repository> {
  const [gitDir = '', common = '', bare, insideWorkTree, prefix = ''] = lines;
  const repository: Repository = {
    gitDir: await realpath(gitDir),
    commonDir: await realpath(path.resolve(directory, common)),
  };
  if (insideWorkTree === 'true') {
    const up = prefix.split('/').filter((part) => part !== '').length;
    return { ...repository, workTree: path.resolve(directory, ...Array<string>(up).fill('..')) };
  }
  if (bare === 'false' && path.basename(repository.gitDir) === '.git') {
    return { ...repository, workTree: path.dirname(repository.gitDir) };
  }
  return repository;
}

function discoveryError(directory: string, cause: GitError): Error {
  if (/dubious ownership|unsafe repository/.test(cause.stderr)) {
    return new RepositoryOwnerError(
      `the git repository at ${directory} belongs to another user: ` +
        `if you trust it, run: git config --global --add safe.directory ${directory}`,
      { cause },
    );
  }
  if (/not a git repository/.test(cause.stderr)) {
    return new NoRepositoryError(`no git repository at ${directory}: run "git init" there, or name another path`, {
      cause,
    });
  }
  return cause.code === 'git-missing'
    ? cause
    : new NoRepositoryError(`no usable git repository at ${directory}: ${cause.stderr}`, { cause });
}

/** True when the directory is the repository's git directory itself. */
async function isGitDir(repository: Repository, directory: string): Promise<boolean> {
  return repository.gitDir === directory || (await realpath(commonDirOf(repository))) === directory;
}
