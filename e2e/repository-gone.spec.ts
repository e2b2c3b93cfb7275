import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expectInOrder, runs, show } from './support/evidence';
import { Keelson, expectEnd, keelson, newData, newDirectory, until, upOnce } from './support/keelson';
import { TestRepository } from './support/repository';

/** A repository below a directory of its own, so that its place stays ours when it is gone. */
function repositoryAt(place: string): TestRepository {
  const repository = new TestRepository(place);
  repository.pipeline('cat version');
  repository.write('version', 'version 1\n');
  repository.commit();
  return repository;
}

const greens = (count: number) => new RegExp(`(GREEN[^]*){${count}}`);

describe('a repository that disappears while it is watched', () => {
  it('is waited for, and goes on when it is back', async () => {
    const parent = newDirectory('place');
    const repository = repositoryAt(path.join(parent, 'repo'));
    const data = newData();
    const up = Keelson.up(data, [repository.path]);
    await up.prints(greens(1));
    renameSync(repository.path, path.join(parent, 'elsewhere'));
    await up.prints(/repo {2}.*(no git repository|no longer there)/);
    renameSync(path.join(parent, 'elsewhere'), repository.path);
    repository.write('version', 'version 2\n');
    repository.commit();
    await up.prints(/│ version 2[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect((await runs(data)).map(({ sequence, outcome }) => [sequence, outcome])).toEqual([
      [1, 'success'],
      [2, 'success'],
    ]);
    await expectInOrder(data, { built: 2 });
  });

  it('may come back as another one, with another history', async () => {
    const place = path.join(newDirectory('place'), 'repo');
    repositoryAt(place);
    const data = newData();
    const up = Keelson.up(data, [place]);
    await up.prints(greens(1));
    rmSync(place, { recursive: true });
    await up.prints(/repo {2}.*(no git repository|no longer there)/);
    const other = new TestRepository(place);
    other.pipeline('echo quite another');
    const commit = other.commit('unrelated');
    await up.prints(/│ quite another[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect((await runs(data)).at(-1)).toMatchObject({ commit, outcome: 'success' });
    await expectInOrder(data, { built: 2 });
  });

  it('may go and come between two starts', async () => {
    const place = path.join(newDirectory('place'), 'repo');
    const data = newData();
    repositoryAt(place);
    expectEnd(await upOnce(data, [place]), { status: 0 });
    rmSync(place, { recursive: true });
    const without = await upOnce(data, [place]);
    expectEnd(without, { status: 2 });
    expect(without.stdout + without.stderr).toMatch(/no git repository/);
    const again = repositoryAt(place);
    again.commit('one more');
    expectEnd(await upOnce(data, [place]), { status: 0 });
    await expectInOrder(data, { built: 2 });
  });
});

describe('a commit that cannot be had when it is to be frozen', () => {
  it('is an error that names the repository when that is gone', async () => {
    const place = path.join(newDirectory('place'), 'repo');
    const repository = repositoryAt(place);
    repository.pipeline('exit 1');
    repository.commit();
    const data = newData();
    expectEnd(await upOnce(data, [place]), { status: 1 });
    rmSync(place, { recursive: true });
    // The attempt begins at the source again, which is not there any more.
    await keelson(['retry', 'last', '--from', 'source', '--data', data]);
    const up = Keelson.up(data, [new TestRepository().path]);
    await up.prints(new RegExp(`ERROR.*${place}`));
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const { attempts } = await show(data);
    expect(attempts.map(({ outcome, reason }) => [outcome, reason?.code])).toEqual([
      ['failure', 'exit-code'],
      ['error', 'source-gone'],
    ]);
    await expectInOrder(data, { error: 1 });
  });

  it('is an error that names it when its objects are gone, and the next one is built', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo ok');
    const first = repository.commit();
    const tree = repository.git('rev-parse', 'HEAD^{tree}');
    const data = newData();
    const object = path.join(repository.path, '.git/objects', tree.slice(0, 2), tree.slice(2));
    renameSync(object, `${object}.lost`);
    const ended = await upOnce(data, [repository.path]);
    expectEnd(ended, { status: 2 });
    expect(ended.stdout).toMatch(new RegExp(`ERROR.*(${tree.slice(0, 12)}|${first.slice(0, 12)})`));
    expect((await show(data)).reason).toMatchObject({ code: 'commit-gone' });

    const up = Keelson.up(data, [repository.path]);
    await until(() => up.stdout.includes('keelson up'), { what: () => 'the start' });
    renameSync(`${object}.lost`, object);
    repository.commit('whole again');
    await up.prints('GREEN');
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 1, error: 1 });
  });
});
