import { rmSync } from 'node:fs';
import path from 'node:path';
import { readBlob } from './blob';
import { commitInfo } from './commit-info';
import { commitsBetween } from './commits';
import { GitSession } from './git-session';
import { ObjectMissingError } from './object-id';
import { reflogBetween } from './reflog';
import { openRepository } from './repository';
import type { Repository } from './repository';
import { copyOf, remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('reading the history of a repository', () => {
  let template: string;
  let root: string;
  let work: TestRepository;
  let repository: Repository;
  let commits: string[];

  beforeAll(() => {
    template = temporaryDirectory();
    const made = TestRepository.create(path.join(template, 'work'));
    commits = ['one', 'two', 'three', 'four'].map((name) => made.commit(name, { [name]: name }));
  });
  afterAll(() => remove(template));
  beforeEach(async () => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
    repository = await openRepository(work.path);
  });
  afterEach(() => remove(root));

  const [one, two, four] = [0, 1, 3].map((index) => () => commits[index] ?? '') as [
    () => string,
    () => string,
    () => string,
  ];

  it('lists what a ref moved over, oldest first', async () => {
    expect(await commitsBetween(repository, { from: one(), to: four(), limit: 10 })).toEqual({
      commits: commits.slice(1),
      total: 3,
      fromKnown: true,
      forced: false,
    });
    expect(await commitsBetween(repository, { from: undefined, to: four(), limit: 10 })).toMatchObject({
      commits,
      fromKnown: true,
    });
    expect((await commitsBetween(repository, { from: four(), to: four(), limit: 10 })).commits).toEqual([]);
  });

  it('counts what lies beyond the limit', async () => {
    expect(await commitsBetween(repository, { from: one(), to: four(), limit: 2 })).toMatchObject({
      commits: commits.slice(2),
      total: 3,
    });
  });

  it('tells a forced ref, and lists only what is new', async () => {
    work.git('reset', '--quiet', '--hard', two());
    const other = work.commit('other');
    expect(await commitsBetween(repository, { from: four(), to: other, limit: 10 })).toEqual({
      commits: [other],
      total: 1,
      fromKnown: true,
      forced: true,
    });
    const back = await commitsBetween(repository, { from: four(), to: two(), limit: 10 });
    expect(back).toMatchObject({ commits: [], total: 0, forced: true });
  });

  it('works from a commit that is gone', async () => {
    const gone = 'a'.repeat(40);
    expect(await commitsBetween(repository, { from: gone, to: four(), limit: 10 })).toMatchObject({
      commits,
      fromKnown: false,
      forced: false,
    });
  });

  it('refuses what is no commit id', async () => {
    const range = { from: '--output=x', to: four(), limit: 1 };
    await expect(commitsBetween(repository, range)).rejects.toThrow(TypeError);
    await expect(commitInfo(repository, 'HEAD')).rejects.toThrow(TypeError);
  });

  it('lists merged commits too', async () => {
    work.git('checkout', '--quiet', '-b', 'side', two());
    const side = work.commit('side', { side: 'side' });
    work.git('checkout', '--quiet', 'main');
    work.git('merge', '--quiet', '--no-ff', '-m', 'merge', 'side');
    const merged = await commitsBetween(repository, { from: four(), to: work.head(), limit: 10 });
    expect(merged.commits).toEqual([side, work.head()]);
  });

  it('sees values between two looks in the reflog', async () => {
    const range = { ref: 'refs/heads/main', from: four() };
    const lost = work.commit('lost');
    work.git('reset', '--quiet', '--hard', two());
    const last = work.commit('last');
    expect(await reflogBetween(repository, { ...range, to: last })).toEqual([lost, two()]);
    expect(await reflogBetween(repository, { ...range, from: 'b'.repeat(40), to: last })).toEqual([]);
    expect(await reflogBetween(repository, { ...range, ref: 'refs/heads/none', to: last })).toEqual([]);
    expect(await reflogBetween(repository, { ...range, ref: 'refs/../../x', to: last })).toEqual([]);
  });

  it('tells by the time a value was seen which of its times in the reflog it was', async () => {
    // main was at `four` in second 100, left it unseen in 110 and came back in 120.
    const moveTo = (commit: string, second: number) => {
      const env = { GIT_COMMITTER_DATE: `${1_800_000_000 + second} +0000` };
      work.gitWith(['update-ref', '-m', 'moved > 1 +0000', 'refs/heads/main', commit], { env });
    };
    const [lost, last] = ['lost', 'last'].map((message) => work.commit(message));
    moveTo(four(), 100);
    moveTo(lost!, 110);
    moveTo(four(), 120);
    moveTo(last!, 130);
    const seenIn = (second: number) => {
      const fromSeenAtMs = (1_800_000_000 + second) * 1000 + 500;
      return reflogBetween(repository, { ref: 'refs/heads/main', from: four(), to: last!, fromSeenAtMs });
    };
    expect(await seenIn(105)).toEqual([lost]);
    expect(await seenIn(110)).toEqual([lost]); // the move may have come after the look
    expect(await seenIn(111)).toEqual([]);
    expect(await seenIn(125)).toEqual([]);
    expect(await seenIn(5)).toEqual([]); // no such time: as if it were not known
    rmSync(path.join(repository.gitDir, 'logs', 'refs', 'heads', 'main'));
    expect(await seenIn(105)).toEqual([]);
  });

  it('has no reflog values in a repository that keeps none', async () => {
    rmSync(path.join(repository.gitDir, 'logs'), { recursive: true });
    expect(await reflogBetween(repository, { ref: 'refs/heads/main', from: one(), to: four() })).toEqual([]);
  });

  it('describes a commit', async () => {
    work.git('commit', '--quiet', '--allow-empty', '-m', 'Subject with \u001b[31mcolour\n\nbody');
    expect(await commitInfo(repository, work.head())).toEqual({
      tree: work.head('HEAD^{tree}'),
      parents: [four()],
      authorName: 'A U Thor',
      authoredAt: '2023-11-14T22:13:20Z',
      committedAt: '2023-11-14T22:14:20Z',
      subject: 'Subject with  [31mcolour',
    });
    await expect(commitInfo(repository, 'c'.repeat(40))).rejects.toBeInstanceOf(ObjectMissingError);
    await expect(commitInfo(repository, work.head('HEAD^{tree}'))).rejects.toBeInstanceOf(ObjectMissingError);
  });

  it('reads one file of a commit, within a limit', async () => {
    const commit = work.commit('files', { '.keelson.yaml': 'a: 1\n', 'dir/file': 'x', large: 'y'.repeat(5000) });
    const read = (file: string, maxBytes = 100) => readBlob(repository, { commit, path: file }, { maxBytes });
    expect(String(await read('.keelson.yaml'))).toBe('a: 1\n');
    expect(String(await read('dir/file'))).toBe('x');
    expect(await read('large')).toBe('too-large');
    for (const name of [
      'missing',
      'dir',
      '../x',
      './dir/file',
      '/dir/file',
      'dir//file',
      '',
      'dir\nfile',
      'dir/file/x',
    ]) {
      expect(await read(name)).toBeUndefined();
    }
  });

  it('tells a file that is not in a commit from one whose objects are gone', async () => {
    const commit = work.commit('damaged', { 'dir/file': 'to be lost', 'dir/other': 'stays' });
    const read = (file: string) => readBlob(repository, { commit, path: file }, { maxBytes: 100 });
    const lose = (name: string) => {
      const id = work.head(`HEAD:${name}`);
      rmSync(path.join(work.path, '.git/objects', id.slice(0, 2), id.slice(2)));
    };
    lose('dir/file');
    await expect(read('dir/file')).rejects.toBeInstanceOf(ObjectMissingError);
    expect(String(await read('dir/other'))).toBe('stays');
    lose('dir');
    await expect(read('dir/other')).rejects.toBeInstanceOf(ObjectMissingError);
    expect(await read('elsewhere/file')).toBeUndefined();
  });

  it('keeps one process between uses, and copes with its end', async () => {
    const session = new GitSession(repository);
    try {
      session.warm();
      await session.use((objects) => Promise.resolve(objects));
      let kept: unknown;
      await session.use((objects) => Promise.resolve((kept = objects)));
      expect((await commitInfo(session, four())).subject).toBe('four');
      await session.use((objects) => {
        expect(objects).toBe(kept);
        objects.end();
        return Promise.resolve();
      });
      expect((await commitInfo(session, one())).subject).toBe('one');
      expect(await readBlob(session, { commit: four(), path: 'four' }, { maxBytes: 2 })).toBe('too-large');
      // Objects made after the process started are seen.
      expect((await commitInfo(session, work.commit('later'))).subject).toBe('later');
      const both = await Promise.all([commitInfo(session, one()), commitInfo(session, two())]);
      expect(both.map(({ subject }) => subject)).toEqual(['one', 'two']);
    } finally {
      session.close();
    }
  });

  it('stops reading when the signal aborts', async () => {
    const session = new GitSession(repository);
    const controller = new AbortController();
    const waiting = session.use((objects) => objects.header(), controller.signal); // nothing was asked: waits for ever
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    session.close();
  });

  it('says that the repository is gone', async () => {
    remove(work.path);
    await expect(commitInfo(repository, one())).rejects.toMatchObject({ code: 'repository-gone' });
  });
});
