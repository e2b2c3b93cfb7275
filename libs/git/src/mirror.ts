import { createHash } from 'node:crypto';
import path from 'node:path';
import { openOwnBare } from './bare-repository';
import { hasCommit } from './commits';
import { fetchInto } from './fetch';
import type { Fetching } from './fetch';
import { git, GitError } from './git-command';
import { fetchHistory } from './history';
import type { HistoryWanted } from './history';
import { oneAtATime } from './mirror-lock';
import { checkObjectId } from './object-id';
import type { RemoteHeads } from './remote-heads';
import type { Repository } from './repository';

/** The remote does not have this commit, or no longer: it was forced away and cleaned up. */
export class CommitUnavailableError extends Error {
  readonly code = 'commit-unavailable';
  override readonly name = 'CommitUnavailableError';
}

export type MirrorOptions = {
  /** From `mirrorDir`. */
  directory: string;
  /** Canonical, from `parseSource`. */
  url: string;
  /** Knows credentials, and where the URL's repository has moved to; shared by all mirrors. */
  remote: RemoteHeads;
  /** For one fetch; default 30 minutes. */
  timeoutMs?: number;
  /** How long another process's lock file is waited for before it is taken for abandoned; default 5 s. */
  lockWaitMs?: number;
};

const refAttempts = [1, 50, 0];

/** The directory of a remote's mirror: a name for people, and a digest that tells it from all others. */
export function mirrorDir(root: string, url: string): string {
  const name = url
    .replace(/^[a-z]+:\/\//, '')
    .replace(/[^a-zA-Z0-9.]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(-60);
  return path.join(root, `${name}-${createHash('sha256').update(url).digest('hex').slice(0, 16)}`);
}

/**
 * What we have of a remote repository: the trees of single commits in one bare repository, the commits without their trees in
 * another. One fetch at a time into each; an interrupted one changes nothing.
 */
export class Mirror {
  constructor(private readonly options: MirrorOptions) {}

  /**
   * A repository that holds this commit with all its files, fetched if need be: the commit alone where the remote allows that,
   * else from its ref.
   * @param ref where the commit is or was; undefined: HEAD
   * @throws CommitUnavailableError; RepositoryNotFoundError; RemoteAuthError; RemoteBusyError; RemoteUnavailableError
   */
  async ensureCommit(commit: string, ref?: string, signal?: AbortSignal): Promise<Repository> {
    checkObjectId(commit);
    const directory = path.join(this.options.directory, 'trees.git');
    return oneAtATime(directory, async () => {
      const repository = await openOwnBare(directory, signal);
      if (await hasCommit(repository, commit, signal)) return repository;
      await this.#fetchCommit(repository, { commit, ref }, signal);
      await tidy(repository, signal);
      return repository;
    });
  }

  /**
   * A repository that holds the commits from `from` to `to`, at least the newest `limit` of them, for `commitsBetween`. Their
   * files are not in it. `from` may be unknown to the remote.
   * @throws as ensureCommit
   */
  async ensureHistory(wanted: HistoryWanted, signal?: AbortSignal): Promise<Repository> {
    checkObjectId(wanted.to);
    const directory = path.join(this.options.directory, 'history.git');
    return oneAtATime(directory, async () => {
      const repository = await openOwnBare(directory, signal);
      await fetchHistory({ ...this.#fetching(repository, signal), wanted });
      if (!(await hasCommit(repository, wanted.to, signal))) throw this.#unavailable(wanted.to);
      await tidy(repository, signal);
      return repository;
    });
  }

  #fetching(repository: Repository, signal: AbortSignal | undefined): Fetching {
    const { url, remote, timeoutMs = 1_800_000, lockWaitMs = 5_000 } = this.options;
    return { repository, url, remote, timeoutMs, lockWaitMs, signal };
  }

  async #fetchCommit(
    repository: Repository,
    { commit, ref }: { commit: string; ref: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const fetching = this.#fetching(repository, signal);
    const keep = `refs/keelson/${ref ?? 'HEAD'}`;
    if (await fetchInto({ ...fetching, refspec: `+${commit}:${keep}`, depth: 1, absent: 'is-an-answer' })) return;
    // Not allowed by its id, or not there. The ref may have moved on: look behind it, then everywhere.
    for (const depth of refAttempts) {
      const found = await fetchInto({
        ...fetching,
        refspec: `+${ref ?? 'HEAD'}:${keep}`,
        depth,
        absent: 'is-an-answer',
      });
      if (await hasCommit(repository, commit, signal)) return;
      if (!found) break;
    }
    throw this.#unavailable(commit);
  }

  #unavailable(commit: string): CommitUnavailableError {
    return new CommitUnavailableError(`${this.options.url} does not have the commit ${commit} (any more)`);
  }
}

/** Packs small packs together when there are many. What a newer fetch has made superfluous stays for a day: somebody may be reading it. */
async function tidy(repository: Repository, signal: AbortSignal | undefined): Promise<void> {
  const settings = ['gc.auto=6700', 'gc.autoDetach=false', 'gc.pruneExpire=1.day.ago'].flatMap((text) => ['-c', text]);
  try {
    await git([...settings, 'gc', '--auto', '--quiet'], { repository, signal });
  } catch (error) {
    if (!(error instanceof GitError)) throw error; // a repository that is not packed is as good
  }
}
