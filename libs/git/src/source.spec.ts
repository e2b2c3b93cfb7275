import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import path from 'node:path';
import { parseSource } from './source';
import { SourceError } from './source-error';
import { remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('parseSource', () => {
  let cwd: string;
  let work: TestRepository;

  beforeAll(() => {
    cwd = temporaryDirectory();
    work = TestRepository.create(path.join(cwd, 'work'));
    TestRepository.create(path.join(cwd, 'bare.git'), { bare: true });
    mkdirSync(path.join(cwd, 'work', 'inside'));
    mkdirSync(path.join(cwd, 'plain'));
    writeFileSync(path.join(cwd, 'file'), '');
    symlinkSync('work', path.join(cwd, 'link'));
    TestRepository.create(path.join(cwd, 'odd^name'));
  });
  afterAll(() => remove(cwd));

  const parse = (text: string, from = cwd): ReturnType<typeof parseSource> => parseSource(text, { cwd: from });
  const refusal = async (text: string, from = cwd): Promise<string> => {
    const error = await parse(text, from).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(SourceError);
    return (error as Error).message;
  };

  it('takes a path, resolved from the current directory, and names its real top', async () => {
    expect(await parse('work')).toEqual({ location: { kind: 'local', path: work.path }, name: work.path });
    expect((await parse('link')).name).toBe(work.path);
    expect((await parse('work/.git')).name).toBe(work.path);
    expect((await parse('bare.git')).name).toBe(path.join(cwd, 'bare.git'));
  });

  it('divides the branch off at the last circumflex, unless the whole text is a directory', async () => {
    expect(await parse('work^feature/*')).toMatchObject({ name: work.path, pattern: 'feature/*' });
    expect((await parse('work^refs/tags/v*')).pattern).toBe('refs/tags/v*');
    expect(await parse('odd^name')).toEqual({
      location: { kind: 'local', path: path.join(cwd, 'odd^name') },
      name: path.join(cwd, 'odd^name'),
    });
    expect((await parse('odd^name^main')).pattern).toBe('main');
    expect(await parse('^main', work.path)).toMatchObject({ name: work.path, pattern: 'main' });
  });

  it('finds the repository around the current directory, but not around a named one', async () => {
    expect((await parse('.', path.join(work.path, 'inside'))).name).toBe(work.path);
    expect(await refusal('work/inside')).toMatch(
      /^no git repository at .*work\/inside: it lies inside .*work; name that/,
    );
  });

  it('says where there is no repository, and why', async () => {
    expect(await refusal('nowhere')).toBe(`no git repository at ${cwd}/nowhere: there is no such directory`);
    expect(await refusal('plain')).toMatch(/^no git repository at .*plain: run "git init" there/);
    expect(await refusal('file')).toMatch(/it is a file, not a directory/);
  });

  it.each([
    ['https://example.org/a/b.git', 'https://example.org/a/b.git'],
    ['https://EXAMPLE.org/a/b/', 'https://example.org/a/b'],
    ['http://127.0.0.1:8080/x', 'http://127.0.0.1:8080/x'],
    ['ssh://git@example.org:2222/a', 'ssh://git@example.org:2222/a'],
    ['git://example.org/a', 'git://example.org/a'],
    ['git@example.org:a/b.git', 'git@example.org:a/b.git'],
    ['example.org:a/b', 'example.org:a/b'],
  ])('takes %s', async (text, url) => {
    expect(await parse(`${text}^main`)).toEqual({ location: { kind: 'remote', url }, pattern: 'main', name: url });
  });

  it('keeps credentials out of everything that is printed', async () => {
    const source = await parse('https://me:s%2Fecret@example.org/a^main');
    expect(source.name).toBe('https://example.org/a');
    expect(JSON.stringify(source) + inspect(source, { depth: 9, showHidden: true })).not.toMatch(/ecret/);
    const { location } = source;
    expect(location.kind === 'remote' && location.credentials?.basicAuthorization()).toBe(
      `Basic ${Buffer.from('me:s/ecret').toString('base64')}`,
    );
    expect(JSON.stringify(await parse('https://token@example.org/a'))).not.toMatch(/token/);
    expect(await refusal('foo://me:secret@example.org/a')).not.toMatch(/secret/);
  });

  it.each([
    ['-oProxyCommand=x', /begins with "-"/],
    ['work^-x', /begins with "-"/],
    ['ext::sh -c true', /transport helper/],
    ['fd::17', /transport helper/],
    ['file:///etc', /name the path itself, \/etc/],
    ['ftp://example.org/a', /ftp:\/\/, which is not allowed/],
    ['javascript://x/%0a', /not allowed/],
    ['ssh://-oProxyCommand=x/a', /./],
    ['-x@example.org:a', /begins with "-"/],
    ['example.org:-a', /neither a URL/],
    ['https://example.org/a?b', /query or a fragment/],
    ['wo\nrk', /control characters/],
    ['', /empty source/],
    ['work^', /no branch behind/],
    ['work^a..b', /no ref may hold/],
    ['work^a b', /no ref may hold/],
    ['work^a.lock', /not a valid ref name/],
    ['work^/a', /not a valid ref name/],
  ])('refuses %j', async (text, words) => {
    expect(await refusal(text)).toMatch(words);
  });
});
