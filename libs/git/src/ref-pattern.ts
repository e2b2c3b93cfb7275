import picomatch from 'picomatch';
import { SourceError } from './source-error';

/** True when the text names many refs: it holds one of `*`, `?`, `[`, none of which a ref can hold. */
export const isRefPattern = (pattern: string): boolean => /[*?[]/.test(pattern);

/** The full form of a branch name or pattern: `main` is `refs/heads/main`; what begins with `refs/` stays. */
export const fullRef = (pattern: string): string => (pattern.startsWith('refs/') ? pattern : `refs/heads/${pattern}`);

/**
 * A test for full ref names. `*` and `?` stay within one path segment, `**` crosses them, `[a-z]` is one character.
 * @param pattern a branch, a pattern of branches, or either below `refs/`
 */
export function refMatcher(pattern: string): (ref: string) => boolean {
  const full = fullRef(pattern);
  if (!isRefPattern(full)) return (ref) => ref === full;
  // Round brackets are ordinary characters of a ref and would be groups of a glob.
  const matches = picomatch(full.replace(/[()]/g, '\\$&'), {
    dot: true,
    nobrace: true,
    noextglob: true,
    nonegate: true,
  });
  return (ref) => matches(ref);
}

/** The part of the full pattern before its first wildcard: every ref that matches begins with it. */
export const literalPrefix = (pattern: string): string => fullRef(pattern).replace(/[*?[].*$/s, '');

/**
 * Refuses what git would not take as a ref name (git-check-ref-format), wildcards aside.
 * @throws SourceError
 */
export function checkPattern(pattern: string): void {
  const refuse = (why: string): never => {
    throw new SourceError(`the branch ${JSON.stringify(pattern)} ${why}`);
  };
  if (pattern === '') throw new SourceError('no branch behind "^": name one, or leave the "^" out');
  if (pattern.startsWith('-')) refuse('begins with "-", which no branch may');
  if (pattern.length > 1024) refuse('is longer than 1,024 characters');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f~^:\\]|\.\.|@\{/.test(pattern)) refuse('holds characters that no ref may hold');
  const segments = pattern.split('/');
  if (segments.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'))) {
    refuse('is not a valid ref name');
  }
  if (pattern.endsWith('.') || pattern === '@') refuse('is not a valid ref name');
}
