import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commitInfo } from './commit-info';
import { readBlob } from './blob';
import { treeLayer } from './layer';
import { openRepository } from './repository';
import type { Repository } from './repository';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';
import { worktreeCommit } from './worktree';
import type { WorktreeCommit } from './worktree';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('the working copy as a commit', () => {
  let template: string;
  let root: string;
  let work: TestRepository;
  let repository: Repository;

  beforeAll(() => {
    template = temporaryDirectory();
    TestRepository.create(path.join(template, 'work')).commit('first', {
      changed: 'before',
      removed: 'removed',
      same: 'same',
      '.gitignore': 'ignored\n',
    });
  });
  afterAll(() => remove(template));
  beforeEach(async () => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
    repository = await openRepository(work.path);
  });
  afterEach(() => remove(root));

  const make = (dirty = true): Promise<WorktreeCommit> =>
    worktreeCommit(repository, { dirty, directory: path.join(root, 'dirty'), now: new Date(1_700_000_000_000) });
  const names = (made: WorktreeCommit): string[] =>
    runGit(['ls-tree', '-r', '--name-only', made.commit], {
      cwd: work.path,
      env: { GIT_ALTERNATE_OBJECT_DIRECTORIES: (made.repository.objectDirectories ?? []).join(':') },
    }).split('\n');
  const dirtyUp = (): void => {
    work.write({ changed: 'after', untracked: 'new', ignored: 'ignored', 'new dir/ünï': 'x', same: 'same' });
    work.git('rm', '--quiet', 'removed');
    work.write({ staged: 'staged' });
    work.git('add', 'staged');
  };
  /** Everything that could show that the repository was touched. */
  const state = (): string =>
    [
      work.git('status', '--porcelain=v2'),
      work.git('count-objects', '-v'),
      work.git('for-each-ref'),
      readFileSync(path.join(work.path, '.git/index')).toString('hex'),
      String(statSync(path.join(work.path, '.git/index')).mtimeMs),
    ].join('\n');

  it('holds what is changed, staged, removed and untracked, and not what is ignored', async () => {
    dirtyUp();
    const made = await make();
    expect(made.dirty).toBe(true);
    expect(names(made)).toEqual([
      '.gitignore',
      'changed',
      '"new dir/\\303\\274n\\303\\257"',
      'same',
      'staged',
      'untracked',
    ]);
    const file = { commit: made.commit, path: 'changed' };
    expect(String(await readBlob(made.repository, file, { maxBytes: 10 }))).toBe('after');
    expect(await commitInfo(made.repository, made.commit)).toMatchObject({
      parents: [work.head()],
      authorName: 'Keelson',
      authoredAt: '2023-11-14T22:13:20Z',
    });
    const layer = await treeLayer(made.repository, made.commit, { prefix: '/src', codec: 'none' });
    expect(layer.files).toBe(6);
  });

  it('changes nothing in the repository', async () => {
    dirtyUp();
    const before = state();
    await make();
    expect(state()).toBe(before);
  });

  it('is the same for the same files at the same time', async () => {
    dirtyUp();
    const first = await make();
    await first.dispose();
    expect((await make()).commit).toBe(first.commit);
    await first.dispose();
    await expect(commitInfo(first.repository, first.commit)).rejects.toMatchObject({ code: 'object-missing' });
  });

  it('is HEAD when nothing differs, or when only HEAD is wanted', async () => {
    expect(await make()).toMatchObject({
      commit: work.head(),
      dirty: false,
      repository: { gitDir: repository.gitDir },
    });
    dirtyUp();
    expect(await make(false)).toMatchObject({ commit: work.head(), dirty: false });
  });

  it('works before the first commit', async () => {
    const empty = TestRepository.create(path.join(root, 'empty'));
    empty.write({ a: 'a' });
    repository = await openRepository(empty.path);
    await expect(make(false)).rejects.toMatchObject({ code: 'no-commit' });
    const made = await make();
    expect((await commitInfo(made.repository, made.commit)).parents).toEqual([]);
  });

  it('leaves repositories inside the working copy out, and says so', async () => {
    TestRepository.create(path.join(work.path, 'vendor/other')).commit('other', { x: 'x' });
    const made = await make();
    expect(names(made)).not.toContain('vendor/other');
    expect(made.warnings).toEqual(['left out: "vendor/other" is a git repository of its own and no submodule']);
  });

  it('keeps submodules, and says that changes inside them are left out', async () => {
    const inner = TestRepository.create(path.join(root, 'inner'));
    inner.commit('inner', { x: 'x' });
    work.git('submodule', '--quiet', 'add', '../inner', 'lib');
    work.commit('with lib');
    writeFileSync(path.join(work.path, 'lib/x'), 'changed');
    work.write({ changed: 'after' });
    const made = await make();
    expect(names(made)).toContain('lib');
    expect(made.warnings).toEqual(['left out: the uncommitted changes inside the submodule "lib"']);
  });

  it('works in a linked worktree, and needs a working copy', async () => {
    work.git('worktree', 'add', '--quiet', path.join(root, 'linked'));
    TestRepository.at(path.join(root, 'linked')).write({ 'only here': 'x' });
    repository = await openRepository(path.join(root, 'linked'));
    expect(names(await make())).toContain('only here');
    runGit(['clone', '--quiet', '--bare', work.path, 'bare'], { cwd: root });
    repository = await openRepository(path.join(root, 'bare'));
    await expect(make()).rejects.toMatchObject({ code: 'no-repository' });
  });

  it('runs no hook', async () => {
    const ran = path.join(root, 'ran');
    for (const hook of ['post-index-change', 'reference-transaction', 'pre-commit']) {
      work.write({ [`.git/hooks/${hook}`]: { executable: `#!/bin/sh\ntouch ${ran}\n` } });
    }
    work.write({ changed: 'after' });
    await make();
    expect(() => statSync(ran)).toThrow('ENOENT');
  });
});
