import { copyFile, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { git, gitText } from './git-command';
import { readGitmodules } from './gitmodules';
import { pathList } from './git-process';
import { commonDirOf, NoRepositoryError } from './repository';
import type { Repository } from './repository';
import { show } from './tree';

export type WorktreeOptions = {
  /** Take uncommitted and untracked (not ignored) files too; without it the commit is HEAD's. */
  dirty: boolean;
  /** Absolute directory that is made for the new objects and must last as long as the commit is read; default a temporary one. */
  directory?: string;
  /** The time the commit carries; default now. */
  now?: Date;
  signal?: AbortSignal;
};

export type WorktreeCommit = {
  commit: string;
  /** The handle that can read it: the repository's, with the directory of the new objects. */
  repository: Repository;
  /** True when there is something that HEAD does not have. */
  dirty: boolean;
  /** For people: what was left out. */
  warnings: readonly string[];
  /** Removes the new objects. May be called twice. */
  dispose(): Promise<void>;
};

const identity = {
  GIT_AUTHOR_NAME: 'Keelson',
  GIT_AUTHOR_EMAIL: 'keelson@localhost',
  GIT_COMMITTER_NAME: 'Keelson',
  GIT_COMMITTER_EMAIL: 'keelson@localhost',
};

/** There is no commit yet, and none was to be made. */
export class NoCommitError extends Error {
  readonly code = 'no-commit';
  override readonly name = 'NoCommitError';
}

/**
 * The working copy as it stands, as a commit on top of HEAD. Nothing in the repository changes: a copy of the index is used,
 * and new objects go to a directory of their own.
 * @throws NoRepositoryError when the repository is bare; NoCommitError; GitError
 */
export async function worktreeCommit(repository: Repository, options: WorktreeOptions): Promise<WorktreeCommit> {
  const { signal } = options;
  const head = await headCommit(repository, signal);
  if (!options.dirty) {
    if (head === undefined)
      throw new NoCommitError('the repository has no commit yet: commit something, or use --dirty');
    return asItIs(repository, head, []);
  }
  if (repository.workTree === undefined) throw new NoRepositoryError(`${repository.gitDir} has no working copy`);
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'keelson-dirty-')));
  try {
    const snapshot = new Snapshot(repository, repository.workTree, { directory, signal });
    const { tree, warnings } = await snapshot.take();
    if (head !== undefined && tree === (await gitText(['rev-parse', `${head}^{tree}`], { repository, signal }))) {
      await rm(directory, { recursive: true, force: true });
      return asItIs(repository, head, warnings);
    }
    const commit = await snapshot.commit(tree, { head, now: options.now ?? new Date() });
    const objectDirectories = [...(repository.objectDirectories ?? []), snapshot.objects];
    const dispose = (): Promise<void> => rm(directory, { recursive: true, force: true });
    return { commit, repository: { ...repository, objectDirectories }, dirty: true, warnings, dispose };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

function asItIs(repository: Repository, commit: string, warnings: readonly string[]): WorktreeCommit {
  return { commit, repository, dirty: false, warnings, dispose: () => Promise.resolve() };
}

async function headCommit(repository: Repository, signal: AbortSignal | undefined): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'];
  const { exitCode, stdout } = await git(args, { repository, signal, okExitCodes: [0, 1, 128] });
  return exitCode === 0 ? stdout.toString('utf8').trim() : undefined;
}

type Place = { directory: string; signal: AbortSignal | undefined };

class Snapshot {
  readonly objects: string;
  readonly #index: string;

  constructor(
    private readonly repository: Repository,
    private readonly workTree: string,
    private readonly place: Place,
  ) {
    this.objects = path.join(place.directory, 'objects');
    this.#index = path.join(place.directory, 'index');
  }

  async take(): Promise<{ tree: string; warnings: readonly string[] }> {
    await mkdir(path.join(this.objects, 'pack'), { recursive: true });
    const index = path.join(this.repository.gitDir, 'index');
    // The copy knows which files did not change since it was written, so that only the others are read.
    if (await exists(index)) await copyFile(index, this.#index);
    await this.#git(['add', '--all', '--', '.']);
    const warnings = await this.#leaveOutForeign();
    const tree = (await this.#git(['write-tree'])).trim();
    return { tree, warnings: [...warnings, ...(await this.#dirtySubmodules())] };
  }

  async commit(tree: string, { head, now }: { head: string | undefined; now: Date }): Promise<string> {
    const parent = head === undefined ? [] : ['-p', head];
    const time = `${Math.floor(now.getTime() / 1000)} +0000`;
    const env = { ...identity, GIT_AUTHOR_DATE: time, GIT_COMMITTER_DATE: time };
    return (await this.#git(['commit-tree', tree, ...parent, '-m', 'The working copy as it stands'], env)).trim();
  }

  /** A repository inside the working copy that is no submodule would become a link to nowhere. */
  async #leaveOutForeign(): Promise<readonly string[]> {
    const listing = await this.#git(['ls-files', '--stage', '-z', '--', '.']);
    const links = listing.split('\0').filter((line) => line.startsWith('160000 '));
    if (links.length === 0) return [];
    const known = await this.#submodulePaths(listing);
    const foreign = links.map((line) => line.slice(line.indexOf('\t') + 1)).filter((at) => !known.has(at));
    if (foreign.length === 0) return [];
    await this.#git(['update-index', '--force-remove', '-z', '--stdin'], {}, Buffer.from(foreign.join('\0'), 'latin1'));
    return foreign.map((at) => `left out: ${shown(at)} is a git repository of its own and no submodule`);
  }

  async #submodulePaths(listing: string): Promise<ReadonlySet<string>> {
    const file = listing.split('\0').find((line) => line.endsWith('\t.gitmodules'));
    const id = file?.split(' ')[1];
    if (id === undefined) return new Set();
    const reading = {
      ...this.repository,
      objectDirectories: [...(this.repository.objectDirectories ?? []), this.objects],
    };
    return new Set((await readGitmodules(reading, id, this.place.signal)).keys());
  }

  async #dirtySubmodules(): Promise<readonly string[]> {
    const status = await this.#git([
      'status',
      '--porcelain=v2',
      '-z',
      '--untracked-files=no',
      '--ignore-submodules=none',
    ]);
    return status
      .split('\0')
      .filter((line) => /^1 .. S.(M.|.U) /.test(line))
      .map((line) => line.split(' ').slice(8).join(' '))
      .map((at) => `left out: the uncommitted changes inside the submodule ${shown(at)}`);
  }

  /** Output as latin1 text: one character per byte, for paths can hold any. */
  async #git(args: readonly string[], env: Record<string, string> = {}, input: string | Buffer = ''): Promise<string> {
    const written = path.join(commonDirOf(this.repository), 'objects');
    const { stdout } = await git(['-c', 'core.splitIndex=false', '-c', 'core.untrackedCache=false', ...args], {
      repository: this.repository,
      cwd: this.workTree,
      input,
      signal: this.place.signal,
      env: {
        GIT_WORK_TREE: this.workTree,
        GIT_INDEX_FILE: this.#index,
        GIT_OBJECT_DIRECTORY: this.objects,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: pathList([written, ...(this.repository.objectDirectories ?? [])]),
        ...env,
      },
    });
    return stdout.toString('latin1');
  }
}

const shown = (latin1: string): string => show(Buffer.from(latin1, 'latin1'));

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch {
    return false; // nothing was ever added
  }
}
