import type { Credentials } from './credentials';
import { git } from './git-command';
import type { ListedRef } from './heads';
import { classifyGitFailure } from './remote-failure';
import { fullRef } from './ref-pattern';

export type LsRemoteOptions = {
  url: string;
  /** undefined stands for HEAD. */
  patterns: readonly (string | undefined)[];
  credentials: Credentials;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

/** The refs of a remote, asked through git: for ssh and git URLs, and for http servers of the old protocol. @throws as RemoteHeads.heads */
export async function lsRemote(options: LsRemoteOptions): Promise<readonly ListedRef[]> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const names = options.patterns.flatMap((pattern) =>
    pattern === undefined ? ['HEAD'] : [fullRef(pattern), `${fullRef(pattern)}^{}`],
  );
  try {
    const env = await options.credentials.environment(options.url);
    // Followed redirects could lead to hosts that only we can reach.
    const args = ['-c', 'http.followRedirects=false', 'ls-remote', '--symref', '--', options.url, ...names];
    const { stdout } = await git(args, { env, signal });
    return parse(stdout.toString('utf8'));
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw classifyGitFailure(options.url, timeout.aborted ? new Error('no answer in time') : cause);
  }
}

function parse(listing: string): readonly ListedRef[] {
  const refs = new Map<string, ListedRef>();
  const symrefs = new Map<string, string>();
  for (const line of listing.split('\n')) {
    const [left = '', name = ''] = line.split('\t');
    if (left.startsWith('ref: ')) symrefs.set(name, left.slice(5));
    else if (name.endsWith('^{}'))
      refs.set(name.slice(0, -3), { ref: name.slice(0, -3), commit: left, isAnnotated: true });
    else if (name !== '') refs.set(name, { ref: name, commit: left });
  }
  return [...refs.values()].map((ref) => {
    const symref = symrefs.get(ref.ref);
    return symref === undefined ? ref : { ...ref, symref };
  });
}
