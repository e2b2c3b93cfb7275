import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RepositoryGoneError } from './git-command';
import { localHeads } from './local-heads';
import { readHeadFile } from './ref-files';
import { openRepository } from './repository';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('the heads of a local repository', () => {
  let template: string;
  let root: string;
  let work: TestRepository;
  let first: string;

  beforeAll(() => {
    template = temporaryDirectory();
    first = TestRepository.create(path.join(template, 'work')).commit('first', { a: 'a' });
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
  });
  afterEach(() => remove(root));

  const heads = async (pattern?: string, at = work.path): ReturnType<typeof localHeads> =>
    localHeads(await openRepository(at), pattern);

  it('are those of the branch that HEAD names, or of a named one', async () => {
    expect(await heads()).toEqual({ heads: [{ ref: 'refs/heads/main', commit: first }] });
    work.git('branch', 'side');
    const second = work.commit('second');
    expect(await heads('main')).toEqual({ heads: [{ ref: 'refs/heads/main', commit: second }] });
    expect(await heads('refs/heads/side')).toEqual({ heads: [{ ref: 'refs/heads/side', commit: first }] });
  });

  it('are found loose, packed, and loose over packed', async () => {
    const repository = await openRepository(work.path);
    work.git('branch', 'main-2');
    work.git('pack-refs', '--all');
    expect((await readHeadFile(repository, 'main'))?.commit).toBe(first);
    const second = work.commit('second');
    expect((await readHeadFile(repository, 'main'))?.commit).toBe(second);
    expect((await readHeadFile(repository, 'main-2'))?.commit).toBe(first);
    expect((await readHeadFile(repository))?.ref).toBe('refs/heads/main');
  });

  it('are many for a pattern, in byte order, tags peeled to commits', async () => {
    for (const name of ['feature/b', 'feature/a', 'feature/deep/c', 'other']) work.git('branch', name);
    expect((await heads('feature/*')).heads.map(({ ref }) => ref)).toEqual([
      'refs/heads/feature/a',
      'refs/heads/feature/b',
    ]);
    expect((await heads('feature/**')).heads).toHaveLength(3);
    work.git('tag', 'v1');
    work.git('tag', '-a', '-m', 'annotated', 'v2');
    work.git('tag', '-a', '-m', 'of a tag', 'v3', 'v2');
    work.git('tag', 'v4', work.head('HEAD^{tree}'));
    expect((await heads('refs/tags/v*')).heads).toEqual(
      ['v1', 'v2', 'v3'].map((tag) => ({ ref: `refs/tags/${tag}`, commit: first })),
    );
    expect((await heads('refs/tags/v3')).heads).toEqual([{ ref: 'refs/tags/v3', commit: first }]);
  });

  it('are HEAD itself when it is detached', async () => {
    work.git('checkout', '--quiet', '--detach');
    expect(await heads()).toEqual({ heads: [{ ref: 'HEAD', commit: first }] });
  });

  it('are those of a bare repository', async () => {
    runGit(['clone', '--quiet', '--bare', work.path, path.join(root, 'bare')], { cwd: root });
    expect(await heads(undefined, path.join(root, 'bare'))).toEqual({
      heads: [{ ref: 'refs/heads/main', commit: first }],
    });
  });

  it('are those of a linked worktree: its own HEAD, the common branches', async () => {
    work.git('worktree', 'add', '--quiet', '-b', 'linked', path.join(root, 'linked'));
    const second = TestRepository.at(path.join(root, 'linked')).commit('second');
    expect(await heads(undefined, path.join(root, 'linked'))).toEqual({
      heads: [{ ref: 'refs/heads/linked', commit: second }],
    });
    expect((await heads('main', path.join(root, 'linked'))).heads[0]?.commit).toBe(first);
  });

  it('are asked of git when the refs are not files, from the moment on that they are not', async () => {
    const repository = await openRepository(work.path);
    const config = path.join(repository.gitDir, 'config');
    const before = readFileSync(config, 'utf8');
    expect((await readHeadFile(repository, 'main'))?.commit).toBe(first);
    writeFileSync(config, `${before}[extensions]\n\trefStorage = reftable\n`);
    expect(await readHeadFile(repository, 'main')).toBe(undefined);
    writeFileSync(config, before);
    expect((await readHeadFile(repository, 'main'))?.commit).toBe(first);
  });

  it('are asked of git for old symbolic links as HEAD, and for refs that are no hash', async () => {
    const repository = await openRepository(work.path);
    work.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    expect((await heads('alias')).heads).toEqual([{ ref: 'refs/heads/alias', commit: first }]);
    writeFileSync(path.join(work.path, '.git/refs/heads/broken'), 'rubbish\n');
    expect(await readHeadFile(repository, 'broken')).toBeUndefined();
  });

  it('say why there are none', async () => {
    expect((await heads('later')).absence).toEqual({
      kind: 'no-such-ref',
      ref: 'refs/heads/later',
      message: 'there is no refs/heads/later yet',
    });
    expect((await heads('later/*')).absence?.kind).toBe('no-match');
    const empty = TestRepository.create(path.join(root, 'empty'));
    expect((await heads(undefined, empty.path)).absence?.kind).toBe('empty-repository');
    expect((await heads('main', empty.path)).absence?.kind).toBe('empty-repository');
    work.git('checkout', '--quiet', '--orphan', 'unborn');
    expect((await heads()).absence).toMatchObject({ kind: 'unborn-branch', ref: 'refs/heads/unborn' });
    expect((await heads('unborn')).absence?.kind).toBe('unborn-branch');
  });

  it('follow a branch that is deleted and made again', async () => {
    work.git('branch', 'side');
    expect((await heads('side')).heads).toHaveLength(1);
    work.git('branch', '-D', 'side');
    expect((await heads('side')).absence?.kind).toBe('no-such-ref');
    work.git('branch', 'side');
    expect((await heads('side')).heads).toHaveLength(1);
  });

  it('fail when the repository has disappeared', async () => {
    const repository = await openRepository(work.path);
    rmSync(path.join(work.path, '.git'), { recursive: true });
    await expect(localHeads(repository, 'main')).rejects.toBeInstanceOf(RepositoryGoneError);
    mkdirSync(path.join(work.path, '.git'));
    await expect(localHeads(repository)).rejects.toBeInstanceOf(RepositoryGoneError);
  });

  it('work with SHA-256', async () => {
    runGit(['init', '--quiet', '--object-format=sha256', 'wide'], { cwd: root });
    const commit = TestRepository.at(path.join(root, 'wide')).commit('first');
    expect(commit).toHaveLength(64);
    expect((await heads('main', path.join(root, 'wide'))).heads[0]?.commit).toBe(commit);
  });
});
