import { git, gitText } from './git-command';
import { looseParents } from './loose-commit';
import { checkObjectId } from './object-id';
import type { Repository } from './repository';

/** What a ref moved over. */
export type CommitRange = {
  /** Oldest first, ending with `to`; the newest `limit` ones. */
  commits: readonly string[];
  /** How many there are, the ones beyond the limit included. */
  total: number;
  /** False when `from` was given and is not in the repository: the range is everything that `to` reaches. */
  fromKnown: boolean;
  /** True when `to` does not contain `from`: the ref was forced. False when `from` is absent or unknown. */
  forced: boolean;
};

export type RangeOptions = { from: string | undefined; to: string; limit: number; signal?: AbortSignal | undefined };

/** The commits that `to` reaches and `from` does not. @throws GitError when `to` is not in the repository */
export async function commitsBetween(repository: Repository, range: RangeOptions): Promise<CommitRange> {
  const { to, limit, signal } = range;
  checkObjectId(to);
  if (range.from === to) return { commits: [], total: 0, fromKnown: true, forced: false };
  if (await isNext(repository, range)) return { commits: [to], total: 1, fromKnown: true, forced: false };
  const known = await listRange(repository, range).catch(async (error: unknown) => {
    // Asked for only when the rest failed: most ranges begin at a commit that is there, and each question is a process.
    if (range.from === undefined || (await hasCommit(repository, range.from, signal))) throw error;
    return undefined;
  });
  const { listed, forced } = known ?? (await listRange(repository, { ...range, from: undefined }));
  const from = known === undefined ? undefined : range.from;
  const revisions = from === undefined ? [to] : [to, `^${from}`];
  const commits = listed === '' ? [] : listed.split('\n').reverse();
  const total = commits.length < limit ? commits.length : await count(repository, revisions, signal);
  return { commits, total, fromKnown: known !== undefined, forced };
}

/** True when `to` is one new commit on top of `from`, as most are: then there is nothing to ask git about. */
async function isNext(repository: Repository, { from, to }: RangeOptions): Promise<boolean> {
  if (from === undefined) return false;
  const parents = await looseParents(repository, to);
  return parents?.length === 1 && parents[0] === from;
}

async function listRange(repository: Repository, range: RangeOptions): Promise<{ listed: string; forced: boolean }> {
  const { from, to, limit, signal } = range;
  const revisions = from === undefined ? [to] : [to, `^${checkObjectId(from)}`];
  const [listed, forced] = await Promise.all([
    gitText(['rev-list', '--topo-order', `--max-count=${Math.max(1, limit)}`, ...revisions, '--'], {
      repository,
      signal,
    }),
    from === undefined ? false : isForced(repository, { from, to }, signal),
  ]);
  return { listed, forced };
}

/** True when the commit itself is there; its history and files may be missing. */
export async function hasCommit(repository: Repository, commit: string, signal?: AbortSignal): Promise<boolean> {
  const args = ['cat-file', '-e', `${checkObjectId(commit)}^{commit}`];
  // 1 and 128: git says "not there" with both, by version.
  const { exitCode } = await git(args, { repository, signal, okExitCodes: [0, 1, 128] });
  return exitCode === 0;
}

async function isForced(
  repository: Repository,
  { from, to }: { from: string; to: string },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { exitCode } = await git(['merge-base', '--is-ancestor', from, to], {
    repository,
    signal,
    okExitCodes: [0, 1],
  });
  return exitCode === 1;
}

async function count(
  repository: Repository,
  revisions: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  return Number(await gitText(['rev-list', '--count', ...revisions, '--'], { repository, signal }));
}
