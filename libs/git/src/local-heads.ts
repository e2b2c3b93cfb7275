import { git, gitText } from './git-command';
import { emptyRepository, noSuchRef, selectHeads, unbornBranch } from './heads';
import type { Head, Heads } from './heads';
import { readHeadFile } from './ref-files';
import { fullRef, isRefPattern, literalPrefix } from './ref-pattern';
import type { Repository } from './repository';

const format = '%(refname) %(objectname) %(objecttype) %(*objectname) %(*objecttype)';

/**
 * What the pattern names in a repository on this machine, now. Works with loose and packed refs, reftable, bare repositories
 * and linked worktrees. A single branch kept as a file is read without starting git.
 * @param pattern branch, full ref or a pattern of either; undefined: what HEAD names
 * @throws RepositoryGoneError; GitError
 */
export async function localHeads(repository: Repository, pattern?: string, signal?: AbortSignal): Promise<Heads> {
  const quick = await readHeadFile(repository, pattern);
  signal?.throwIfAborted();
  if (quick !== undefined) return { heads: [quick] };
  if (pattern === undefined) return headOf(repository, signal);
  const heads = await listRefs(repository, pattern, signal);
  return heads.length > 0 || isRefPattern(pattern)
    ? selectHeads(heads, pattern)
    : whyAbsent(repository, fullRef(pattern), signal);
}

async function headOf(repository: Repository, signal: AbortSignal | undefined): Promise<Heads> {
  const options = { repository, signal };
  const symbolic = await git(['symbolic-ref', '-q', 'HEAD'], { ...options, okExitCodes: [0, 1] });
  const ref = symbolic.exitCode === 0 ? symbolic.stdout.toString('utf8').trim() : 'HEAD';
  const commit = await git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { ...options, okExitCodes: [0, 1] });
  if (commit.exitCode === 0) return { heads: [{ ref, commit: commit.stdout.toString('utf8').trim() }] };
  return whyAbsent(repository, ref, signal);
}

async function whyAbsent(repository: Repository, ref: string, signal: AbortSignal | undefined): Promise<Heads> {
  const any = await gitText(['for-each-ref', '--count=1', '--format=%(refname)'], { repository, signal });
  if (any === '') return emptyRepository();
  const head = await git(['symbolic-ref', '-q', 'HEAD'], { repository, signal, okExitCodes: [0, 1] });
  return head.stdout.toString('utf8').trim() === ref ? unbornBranch(ref) : noSuchRef(ref);
}

async function listRefs(repository: Repository, pattern: string, signal: AbortSignal | undefined): Promise<Head[]> {
  // for-each-ref takes whole path segments: `refs/heads/fea` would list nothing.
  const prefix = literalPrefix(pattern);
  const below = isRefPattern(pattern) ? prefix.slice(0, prefix.lastIndexOf('/') + 1) : prefix;
  const listing = await gitText(['for-each-ref', `--format=${format}`, '--', below], { repository, signal });
  const heads: Head[] = [];
  for (const line of listing.split('\n')) {
    const head = await parseLine(repository, line, signal);
    if (head !== undefined) heads.push(head);
  }
  return heads;
}

async function parseLine(
  repository: Repository,
  line: string,
  signal: AbortSignal | undefined,
): Promise<Head | undefined> {
  const [ref = '', object = '', type, peeled = '', peeledType] = line.split(' ');
  if (type === 'commit') return { ref, commit: object };
  if (type !== 'tag') return undefined; // a tag of a file or a tree is nothing to build
  if (peeledType === 'commit') return { ref, commit: peeled };
  // A tag of a tag: older git peels one step only.
  const args = ['rev-parse', '--verify', '--quiet', `${object}^{commit}`];
  const deep = await git(args, { repository, signal, okExitCodes: [0, 1, 128] });
  return deep.exitCode === 0 ? { ref, commit: deep.stdout.toString('utf8').trim() } : undefined;
}
