import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hasCommit } from './commits';
import { fetchInto } from './fetch';
import type { Fetching } from './fetch';
import { gitText } from './git-command';
import type { Repository } from './repository';

export type HistoryWanted = {
  /** undefined: the newest `limit` commits. */
  from: string | undefined;
  to: string;
  /** The ref that `to` is or was at; undefined: HEAD. */
  ref?: string | undefined;
  limit: number;
};

const firstDepth = 64;
const mostRounds = 8;

/** Fetches commits, without their files, until the range is complete or holds `limit` commits, or the history has no more. */
export async function fetchHistory(fetching: Fetching & { wanted: HistoryWanted }): Promise<void> {
  const { repository, wanted, signal } = fetching;
  if (!(await hasCommit(repository, wanted.to, signal))) await fetchTip(fetching);
  await fetchStart(fetching);
  let deepen = firstDepth;
  for (let round = 0; round < mostRounds && (await cutShort(repository, wanted, signal)); round += 1) {
    const refspec = `+${wanted.to}:${keptRef(wanted)}`;
    const { found } = await fetchEither({ ...fetching, deepen }, refspec);
    if (!found) return;
    deepen *= 4;
  }
}

const keptRef = ({ ref }: HistoryWanted): string => `refs/keelson/${ref ?? 'HEAD'}`;

/** The new tip; where we have `from`, git sends just what lies between. */
async function fetchTip(fetching: Fetching & { wanted: HistoryWanted }): Promise<void> {
  const { repository, wanted, signal } = fetching;
  const connected = wanted.from !== undefined && (await hasCommit(repository, wanted.from, signal));
  const depth = connected ? {} : { depth: Math.min(Math.max(wanted.limit, 1), firstDepth) };
  await fetchEither({ ...fetching, ...depth }, `+${wanted.to}:${keptRef(wanted)}`);
}

/** After a forced push `from` is not behind `to`; the remote may still give it away, and then the range begins where they part. */
async function fetchStart(fetching: Fetching & { wanted: HistoryWanted }): Promise<void> {
  const { repository, wanted, signal } = fetching;
  if (wanted.from === undefined || (await hasCommit(repository, wanted.from, signal))) return;
  const refspec = `+${wanted.from}:refs/keelson-from/${wanted.ref ?? 'HEAD'}`;
  await fetchInto({ ...fetching, refspec, depth: firstDepth, filter: 'tree:0', absent: 'is-an-answer' });
}

/** By the commit's id, else by its ref. */
async function fetchEither(
  fetching: Fetching & { wanted: HistoryWanted; depth?: number; deepen?: number },
  refspec: string,
): Promise<{ found: boolean }> {
  const fetch = { ...fetching, filter: 'tree:0', absent: 'is-an-answer' } as const;
  if (await fetchInto({ ...fetch, refspec })) return { found: true };
  const byRef = `+${fetching.wanted.ref ?? 'HEAD'}:${keptRef(fetching.wanted)}`;
  return { found: await fetchInto({ ...fetch, refspec: byRef }) };
}

/** True when the range runs into the boundary of what was fetched before it is complete or long enough. */
async function cutShort(
  repository: Repository,
  wanted: HistoryWanted,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const boundary = await shallowBoundary(repository);
  if (boundary.size === 0 || !(await hasCommit(repository, wanted.to, signal))) return false;
  const known = wanted.from !== undefined && (await hasCommit(repository, wanted.from, signal));
  const exclude = known ? [`^${wanted.from ?? ''}`] : [];
  const args = ['rev-list', `--max-count=${wanted.limit}`, wanted.to, ...exclude, '--'];
  const range = (await gitText(args, { repository, signal })).split('\n');
  return range.length < wanted.limit && range.some((commit) => boundary.has(commit));
}

async function shallowBoundary(repository: Repository): Promise<ReadonlySet<string>> {
  try {
    const text = await readFile(path.join(repository.gitDir, 'shallow'), 'latin1');
    return new Set(text.split('\n').filter((line) => line !== ''));
  } catch {
    return new Set(); // no such file: the history is whole
  }
}
