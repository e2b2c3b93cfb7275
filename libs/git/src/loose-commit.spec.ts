import { chmodSync, copyFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commitsBetween } from './commits';
import { looseParents } from './loose-commit';
import { openRepository } from './repository';
import type { Repository } from './repository';
import { remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('a commit that was made a moment ago', () => {
  let root: string;
  let work: TestRepository;
  let repository: Repository;
  let first: string;
  let second: string;

  beforeEach(async () => {
    root = temporaryDirectory();
    work = TestRepository.create(path.join(root, 'work'));
    first = work.commit('first', { a: 'a' });
    second = work.commit('second\n\nparent of nothing', { b: 'b' });
    repository = await openRepository(work.path);
  });
  afterEach(() => remove(root));

  const fileOf = (id: string) => path.join(repository.gitDir, 'objects', id.slice(0, 2), id.slice(2));
  /** git refuses to work in the repository from now on. */
  const breakGit = () => writeFileSync(path.join(repository.gitDir, 'config'), 'not a configuration');

  it('is known with its parents', async () => {
    expect(await looseParents(repository, first)).toEqual([]);
    expect(await looseParents(repository, second)).toEqual([first]);
    work.git('checkout', '--quiet', '-b', 'side', first);
    const side = work.commit('side', { c: 'c' });
    work.git('merge', '--quiet', '--no-edit', second);
    expect(await looseParents(repository, work.head())).toEqual([side, second]);
  });

  it('is a whole range on top of its parent, without asking git', async () => {
    breakGit();
    const range = { from: first, to: second, limit: 10 };
    const expected = { commits: [second], total: 1, fromKnown: true, forced: false };
    expect(await commitsBetween(repository, range)).toEqual(expected);
    await expect(commitsBetween(repository, { ...range, from: 'a'.repeat(40) })).rejects.toThrow('config');
  });

  it('is read from the repository that a linked worktree belongs to', async () => {
    work.git('worktree', 'add', '--quiet', path.join(root, 'linked'), second);
    expect(await looseParents(await openRepository(path.join(root, 'linked')), second)).toEqual([first]);
  });

  it('is left to git when it is packed, missing, or no commit', async () => {
    const tree = work.git('rev-parse', 'HEAD^{tree}');
    expect(await looseParents(repository, tree)).toBeUndefined();
    expect(await looseParents(repository, 'a'.repeat(40))).toBeUndefined();
    work.git('repack', '-adq');
    expect(await looseParents(repository, second)).toBeUndefined();
    expect((await commitsBetween(repository, { from: first, to: second, limit: 10 })).commits).toEqual([second]);
  });

  it('is left to git when its file is damaged, or another commit is in its place', async () => {
    const third = work.commit('third');
    [second, third].forEach((id) => chmodSync(fileOf(id), 0o644));
    copyFileSync(fileOf(second), fileOf(third));
    expect(await looseParents(repository, third)).toBeUndefined();
    truncateSync(fileOf(second), 20);
    expect(await looseParents(repository, second)).toBeUndefined();
  });

  it('is known in a repository of SHA-256 too', async () => {
    const directory = path.join(root, 'new');
    work.git('init', '--quiet', '--object-format=sha256', directory);
    const large = TestRepository.at(directory);
    const one = large.commit('one', { a: 'a' });
    const two = large.commit('two', { b: 'b' });
    expect(await looseParents(await openRepository(large.path), two)).toEqual([one]);
  });
});
