import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { git, GitError } from './git-command';
import { classifyGitFailure } from './remote-failure';
import type { RemoteHeads } from './remote-heads';
import type { Repository } from './repository';

export type Fetching = {
  repository: Repository;
  /** Canonical, from `parseSource`. */
  url: string;
  /** Knows credentials, and where the URL's repository has moved to. */
  remote: RemoteHeads;
  timeoutMs: number;
  /** How long an http server may be silent. */
  silentMs: number;
  /** How long another process's lock file is waited for before it is taken for abandoned. */
  lockWaitMs: number;
  signal?: AbortSignal | undefined;
};

export type Fetch = Fetching & {
  /** `+source:destination`. */
  refspec: string;
  /** Commits to fetch behind it; 0: all. Absent: what is missing, the boundary of a shallow repository stays. */
  depth?: number;
  /** Instead of `depth`: so many commits more behind the boundary. */
  deepen?: number;
  /** `tree:0`: commits only. A server that cannot filter sends everything. */
  filter?: 'tree:0';
  /** Whether it is an error when the remote does not have, or does not give, what is asked for. */
  absent: 'is-an-answer' | 'is-an-error';
};

const lockStepMs = 250;

/** Words for "no such ref" and for "not by its id". */
const absentWords =
  /couldn't find remote ref|not our ref|unadvertised object|no such remote ref|does not allow request|did not send all necessary objects/i;

/** What git says of a redirect that it was told not to follow. */
const movedWords = /returned error: 30[12378]|redirect/i;

/** @returns false when the remote does not have what was asked for @throws as RemoteHeads.heads */
export async function fetchInto(fetch: Fetch): Promise<boolean> {
  const timeout = AbortSignal.timeout(fetch.timeoutMs);
  const signal = fetch.signal === undefined ? timeout : AbortSignal.any([fetch.signal, timeout]);
  try {
    await fetchFollowing(fetch, signal);
    return true;
  } catch (cause) {
    fetch.signal?.throwIfAborted();
    const absent = cause instanceof GitError && absentWords.test(cause.stderr);
    if (absent && fetch.absent === 'is-an-answer') return false;
    throw cause instanceof GitError || timeout.aborted
      ? classifyGitFailure(fetch.url, timeout.aborted ? new Error('no end in time') : cause)
      : cause;
  }
}

/** Redirects are followed by our own rules, never by git's: they could lead to hosts that only we can reach. */
async function fetchFollowing(fetch: Fetch, signal: AbortSignal): Promise<void> {
  const known = fetch.remote.locationOf(fetch.url);
  try {
    await fetchFrom(fetch, known, signal);
  } catch (error) {
    if (!(error instanceof GitError) || !movedWords.test(error.stderr) || !/^https?:/.test(known)) throw error;
    const location = await fetch.remote.locate(fetch.url, signal);
    if (location === known) throw error;
    await fetchFrom(fetch, location, signal);
  }
}

async function fetchFrom(fetch: Fetch, location: string, signal: AbortSignal): Promise<void> {
  const env = await fetch.remote.credentials.environment(location);
  const args = argumentsOf(fetch, location);
  await withoutLocks(fetch, () => git(args, { repository: fetch.repository, env, signal }));
}

function argumentsOf(fetch: Fetch, location: string): readonly string[] {
  return [
    ...settingsOf(fetch, location),
    'fetch',
    '--no-tags',
    '--no-write-fetch-head',
    // Were we to die, git would fail at the next word of its progress, and not go on for an hour holding its locks.
    '--progress',
    ...depthOf(fetch),
    ...(fetch.filter === undefined ? [] : [`--filter=${fetch.filter}`]),
    '--',
    'origin',
    fetch.refspec,
  ];
}

/** Nothing of the remote is in the repository's own configuration: with a promisor there, every look for a missing commit would fetch. */
function settingsOf({ filter, silentMs }: Fetch, location: string): readonly string[] {
  // Always a pack, which git brings to the disk before it is used: loose objects may be empty after a power cut.
  const settings = ['http.followRedirects=false', 'fetch.unpackLimit=1', `remote.origin.url=${location}`];
  settings.push('http.lowSpeedLimit=1', `http.lowSpeedTime=${Math.ceil(silentMs / 1_000)}`);
  if (filter !== undefined) settings.push('remote.origin.promisor=true', `remote.origin.partialclonefilter=${filter}`);
  return settings.flatMap((setting) => ['-c', setting]);
}

const wholeHistory = 2_147_483_647;

function depthOf({ depth, deepen }: Fetch): readonly string[] {
  if (deepen !== undefined) return [`--deepen=${deepen}`];
  return depth === undefined ? [] : [`--depth=${depth === 0 ? wholeHistory : depth}`];
}

/** A lock file in a repository that only we write to belongs to a process of ours that was killed, or is just ending. */
async function withoutLocks<T>({ repository, lockWaitMs }: Fetching, work: () => Promise<T>): Promise<T> {
  for (let waitedMs = 0; ; waitedMs += lockStepMs) {
    try {
      return await work();
    } catch (error) {
      const lock = lockOf(repository, error);
      if (lock === undefined || waitedMs >= lockWaitMs + lockStepMs) throw error;
      if (waitedMs < lockWaitMs) await delay(lockStepMs);
      else await rm(lock, { force: true });
    }
  }
}

function lockOf(repository: Repository, error: unknown): string | undefined {
  if (!(error instanceof GitError)) return undefined;
  const named = /Unable to create '([^']+\.lock)': File exists/.exec(error.stderr)?.[1];
  if (named === undefined) return undefined;
  const file = path.resolve(repository.gitDir, named);
  return file.startsWith(`${repository.gitDir}${path.sep}`) ? file : undefined;
}
