import { parseDigest } from './digest';
import { isRepositoryName, isTag } from './name';

describe('a repository name', () => {
  it.each(['a', 'team/app', 'a.b/c_d/e__f/g---h', '0/1', 'a'.repeat(255)])('may be %s', (name) => {
    expect(isRepositoryName(name)).toBe(true);
  });
  it.each([
    '',
    'A',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/..',
    '_a',
    'a_',
    'a___b',
    'a..b',
    '-a',
    'a\n',
    'a b',
    'a:b',
    'ä',
    'a'.repeat(256),
  ])('may not be %j', (name) => {
    expect(isRepositoryName(name)).toBe(false);
  });
});

describe('a tag', () => {
  it.each(['v1', '_', 'A.b-c_d', '0'.repeat(128)])('may be %s', (tag) => expect(isTag(tag)).toBe(true));
  it.each(['', '.', '..', '-a', 'a/b', 'a b', 'a\n', 'a:b', '0'.repeat(129)])('may not be %j', (tag) => {
    expect(isTag(tag)).toBe(false);
  });
});

describe('a digest', () => {
  it('is sha256 or sha512 in lower case and full length', () => {
    for (const [algorithm, digits] of [
      ['sha256', 64],
      ['sha512', 128],
    ] as const) {
      expect(parseDigest(`${algorithm}:${'a'.repeat(digits)}`)).toMatchObject({ algorithm });
      for (const wrong of [
        'a'.repeat(digits - 1),
        'a'.repeat(digits + 1),
        'A'.repeat(digits),
        `${'a'.repeat(digits)}\n`,
      ]) {
        expect(parseDigest(`${algorithm}:${wrong}`)).toBeUndefined();
      }
    }
    expect(parseDigest(`md5:${'0'.repeat(32)}`)).toBeUndefined();
  });
});
