import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
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
  /** How long an http server may be silent during one; default 5 minutes. */
  silentMs?: number;
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
    return this.#inside({ name: 'trees.git', commit, signal }, async (repository) => {
      if (!(await hasCommit(repository, commit, signal))) await this.#fetchCommit(repository, { commit, ref }, signal);
    });
  }

  /**
   * A repository that holds the commits from `from` to `to`, at least the newest `limit` of them, for `commitsBetween`. Their
   * files are not in it. `from` may be unknown to the remote.
   * @throws as ensureCommit
   */
  async ensureHistory(wanted: HistoryWanted, signal?: AbortSignal): Promise<Repository> {
    checkObjectId(wanted.to);
    return this.#inside({ name: 'history.git', commit: wanted.to, signal }, async (repository) => {
      await fetchHistory({ ...this.#fetching(repository, signal), wanted });
      if (!(await hasCommit(repository, wanted.to, signal))) throw this.#unavailable(wanted.to);
      await tidy(repository, signal);
    });
  }

  /** One at a time; a repository that turns out to be damaged is thrown away and made anew, once. */
  async #inside(
    { name, commit, signal }: { name: string; commit: string; signal: AbortSignal | undefined },
    work: (repository: Repository) => Promise<void>,
  ): Promise<Repository> {
    const directory = path.join(this.options.directory, name);
    const objectFormat = commit.length === 64 ? 'sha256' : 'sha1';
    const attempt = async (): Promise<Repository> => {
      const repository = await openOwnBare(directory, { objectFormat, signal });
      await work(repository);
      return repository;
    };
    return oneAtATime(directory, async () => {
      try {
        return await attempt();
      } catch (error) {
        if (!isDamage(error, directory)) throw error;
        await rm(directory, { recursive: true, force: true });
        return attempt();
      }
    });
  }

  #fetching(repository: Repository, signal: AbortSignal | undefined): Fetching {
    const { url, remote, timeoutMs = 1_800_000, silentMs = 300_000, lockWaitMs = 5_000 } = this.options;
    return { repository, url, remote, timeoutMs, silentMs, lockWaitMs, signal };
  }

  async #fetchCommit(
    repository: Repository,
    { commit, ref }: { commit: string; ref: string | undefined },
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const fetching = this.#fetching(repository, signal);
    const keep = `refs/keelson/${ref ?? 'HEAD'}`;
    const byId = await fetchInto({ ...fetching, refspec: `+${commit}:${keep}`, depth: 1, absent: 'is-an-answer' });
    if (byId) return tidy(repository, signal);
    // Not allowed by its id, or not there. The ref may have moved on: look behind it, then everywhere.
    for (const depth of refAttempts) {
      const found = await fetchInto({
        ...fetching,
        refspec: `+${ref ?? 'HEAD'}:${keep}`,
        depth,
        absent: 'is-an-answer',
      });
      if (await hasCommit(repository, commit, signal)) return tidy(repository, signal);
      if (!found) break;
    }
    throw this.#unavailable(commit);
  }

  #unavailable(commit: string): CommitUnavailableError {
    return new CommitUnavailableError(`${this.options.url} does not have the commit ${commit} (any more)`);
  }
}

const damageWords = /corrupt|bad object|unable to read|file .* is empty|not a git repository/i;

/** git's words for a repository that lost something: a power cut, a full disk. What the remote says of itself does not count. */
function isDamage(error: unknown, directory: string): boolean {
  const cause = error instanceof GitError ? error : error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof GitError)) return false;
  const ours = cause.stderr.split('\n').filter((line) => !line.startsWith('remote:'));
  return ours.some((line) => damageWords.test(line) || (line.includes('bad config') && line.includes(directory)));
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
