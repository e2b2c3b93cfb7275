import {
  formatImageReference,
  InvalidReferenceError,
  movableName,
  parseImageReference,
  parseRepository,
  withDigest,
} from './image-reference';

const digest = `sha256:${'a'.repeat(64)}`;

describe('an image reference', () => {
  it.each([
    ['debian', 'docker.io', 'library/debian', 'latest'],
    ['debian:12', 'docker.io', 'library/debian', '12'],
    ['team/widget', 'docker.io', 'team/widget', 'latest'],
    ['docker.io/debian', 'docker.io', 'library/debian', 'latest'],
    ['index.docker.io/team/widget:v1', 'docker.io', 'team/widget', 'v1'],
    ['localhost/widget', 'localhost', 'widget', 'latest'],
    ['localhost:5000/a/b/c:x', 'localhost:5000', 'a/b/c', 'x'],
    ['127.0.0.1:5000/widget', '127.0.0.1:5000', 'widget', 'latest'],
    ['[::1]:5000/widget:2', '[::1]:5000', 'widget', '2'],
    ['Registry.Example/widget', 'registry.example', 'widget', 'latest'],
    ['localhost:5000', 'docker.io', 'library/localhost', '5000'],
    ['a.b/c__d-e.f_g--h', 'a.b', 'c__d-e.f_g--h', 'latest'],
  ])('%s is read as Docker reads it', (text, ...[registry, repository, tag]) => {
    expect(parseImageReference(text)).toEqual({ registry, repository, tag });
  });

  it('may have a digest, with or without a tag, and then gets no default tag', () => {
    expect(parseImageReference(`debian@${digest}`)).toEqual({
      registry: 'docker.io',
      repository: 'library/debian',
      digest,
    });
    expect(parseImageReference(`a.b/c:1@${digest}`)).toEqual({ registry: 'a.b', repository: 'c', tag: '1', digest });
  });

  it.each([
    '',
    ' debian',
    'debian ',
    'debian\n',
    'Debian',
    'a//b',
    '/debian',
    'debian/',
    'a.b/',
    'a.b/../c',
    'a.b/c/.',
    'a.b/-c',
    'a.b/c-',
    'a.b/c___d',
    'a.b/c..d',
    'a.b/c%2fd',
    'a.b/c?d',
    'a.b/c#d',
    'debian:',
    'debian:-x',
    `debian:${'x'.repeat(129)}`,
    'debian@',
    'debian@sha256:abc',
    `debian@sha256:${'A'.repeat(64)}`,
    `debian@md5:${'a'.repeat(32)}`,
    `debian@${digest}@${digest}`,
    'https://a.b/c',
    'user@a.b/c',
    'a.b:port/c',
    '-a.b/c',
    'a..b/c',
    `${'a'.repeat(256)}`,
    'x'.repeat(100_000),
  ])('refuses %j', (text) => {
    expect(() => parseImageReference(text)).toThrow(InvalidReferenceError);
  });

  it('says what is wrong, and quotes what it was given', () => {
    expect(() => parseImageReference('debian:no tag')).toThrow('"no tag" is no tag');
    expect(() => parseImageReference('a.b/UPPER')).toThrow('"UPPER" is no repository name');
    expect(() => parseImageReference('a.b/\u001b[31m')).toThrow('"\\u001b[31m"');
  });

  it('is written in full, and parses back to itself', () => {
    for (const text of ['debian', 'a.b/c:1', `a.b/c:1@${digest}`, `localhost:1/x@${digest}`]) {
      const reference = parseImageReference(text);
      expect(parseImageReference(formatImageReference(reference))).toEqual(reference);
    }
    expect(formatImageReference(parseImageReference('debian'))).toBe('docker.io/library/debian:latest');
  });

  it('is pinned by a digest that takes the place of the tag', () => {
    expect(formatImageReference(withDigest(parseImageReference('a.b/c:1'), digest))).toBe(`a.b/c@${digest}`);
    expect(() => withDigest(parseImageReference('a.b/c'), 'latest')).toThrow(InvalidReferenceError);
  });

  it('can move when it has no digest', () => {
    expect(movableName('debian')).toBe('docker.io/library/debian:latest');
    expect(movableName('quay.io/team/base:1')).toBe('quay.io/team/base:1');
    expect(movableName(`debian:12@${digest}`)).toBeUndefined();
    for (const none of ['scratch@', 'Debian', '$BASE']) expect(movableName(none)).toBeUndefined();
  });
});

describe('a repository', () => {
  it('has neither tag nor digest', () => {
    expect(parseRepository('localhost:7070/widget')).toEqual({ registry: 'localhost:7070', repository: 'widget' });
    expect(() => parseRepository('localhost:7070/widget:1')).toThrow(InvalidReferenceError);
  });
});
