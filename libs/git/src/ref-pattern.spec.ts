import { fullRef, isRefPattern, literalPrefix, refMatcher } from './ref-pattern';

describe('a ref pattern', () => {
  it.each([
    ['main', 'refs/heads/main', true],
    ['main', 'refs/heads/mainly', false],
    ['main', 'refs/tags/main', false],
    ['feature/*', 'refs/heads/feature/a', true],
    ['feature/*', 'refs/heads/feature/a/b', false],
    ['feature/**', 'refs/heads/feature/a/b', true],
    ['*', 'refs/heads/.hidden', true],
    ['*', 'refs/tags/v1', false],
    ['refs/tags/v*', 'refs/tags/v1.0', true],
    ['v[0-9]*', 'refs/heads/v1', true],
    ['v[0-9]*', 'refs/heads/vx', false],
    ['a(b)*', 'refs/heads/a(b)c', true],
    ['a{b,c}*', 'refs/heads/a{b,c}d', true],
    ['a{b,c}*', 'refs/heads/abd', false],
    ['!a*', 'refs/heads/!ab', true],
    ['a+(b)*', 'refs/heads/abb', false],
  ])('%s on %s: %s', (pattern, ref, expected) => {
    expect(refMatcher(pattern)(ref)).toBe(expected);
  });

  it('knows what every match begins with', () => {
    expect(literalPrefix('feature/a*b')).toBe('refs/heads/feature/a');
    expect(literalPrefix('refs/tags/v1')).toBe('refs/tags/v1');
  });

  it('is a branch unless it is a full ref', () => {
    expect(fullRef('tags/v1')).toBe('refs/heads/tags/v1');
    expect(isRefPattern('main')).toBe(false);
  });
});
