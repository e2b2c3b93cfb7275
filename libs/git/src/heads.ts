import { fullRef, isRefPattern, refMatcher } from './ref-pattern';

/** A ref and the commit it names; annotated tags are peeled. A detached HEAD has the ref `HEAD`. */
export type Head = { ref: string; commit: string };

/** Why there is nothing to build yet. Each can change by itself: whoever watches waits, and says so. */
export type Absence =
  | { kind: 'empty-repository'; message: string }
  | { kind: 'unborn-branch'; ref: string; message: string }
  | { kind: 'no-such-ref'; ref: string; message: string }
  | { kind: 'no-match'; pattern: string; message: string };

/** What a look found: the heads in byte order of their refs, or why there is none. */
export type Heads = { heads: readonly Head[]; absence?: Absence };

export const emptyRepository = (): Heads => ({
  heads: [],
  absence: { kind: 'empty-repository', message: 'the repository has no commit yet' },
});

export const unbornBranch = (ref: string): Heads => ({
  heads: [],
  absence: { kind: 'unborn-branch', ref, message: `${ref} has no commit yet` },
});

export const noSuchRef = (ref: string): Heads => ({
  heads: [],
  absence: { kind: 'no-such-ref', ref, message: `there is no ${ref} yet` },
});

const noMatch = (pattern: string): Heads => ({
  heads: [],
  absence: { kind: 'no-match', pattern, message: `nothing matches ${pattern} yet` },
});

/** A ref as a listing gives it; `symref` is the ref that a symbolic one (HEAD) points to. `isAnnotated`: a tag that had to be peeled. */
export type ListedRef = Head & { symref?: string; isAnnotated?: true };

/**
 * Picks what a pattern names out of a listing.
 * @param pattern absent: the branch that HEAD names, or HEAD itself when it is detached
 */
export function selectHeads(refs: readonly ListedRef[], pattern?: string): Heads {
  if (pattern === undefined) {
    const head = refs.find(({ ref }) => ref === 'HEAD');
    return head === undefined ? emptyRepository() : { heads: [{ ref: head.symref ?? 'HEAD', commit: head.commit }] };
  }
  const matches = refMatcher(pattern);
  const heads = refs.filter(({ ref }) => matches(ref)).map(({ ref, commit }) => ({ ref, commit }));
  if (heads.length > 0) return { heads: heads.sort((a, b) => Buffer.compare(Buffer.from(a.ref), Buffer.from(b.ref))) };
  return isRefPattern(pattern) ? noMatch(fullRef(pattern)) : noSuchRef(fullRef(pattern));
}
