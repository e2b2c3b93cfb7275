import { accountOf, expectInOrder, runs } from './support/evidence';
import { Keelson, expectEnd, newData, until, upOnce } from './support/keelson';
import { TestRepository } from './support/repository';

function repository(): TestRepository {
  const made = new TestRepository();
  made.pipeline('echo "ran $KEELSON_REF"');
  made.commit();
  return made;
}

const greens = (count: number) => new RegExp(`(GREEN[^]*){${count}}`);
const refsOf = async (data: string) => (await runs(data)).map(({ ref, sequence }) => `${ref} ${sequence}`);

describe('patterns of branches and tags', () => {
  it('see branches come, go and come back', async () => {
    const work = repository();
    const data = newData();
    const up = Keelson.up(data, [`${work.path}^feature/*`]);
    await up.prints(/waiting.*feature\/\*/);

    work.git('checkout', '-q', '--detach'); // a branch that is checked out would move with each commit
    work.commit('a 1');
    work.git('branch', 'feature/a');
    await up.prints(greens(1));
    work.git('branch', 'feature/b');
    await up.prints(greens(2));
    work.git('branch', '-q', '-D', 'feature/a');
    await until(async () => (await accountOf(data)).deletions === 1, { what: () => 'the record of the deletion' });
    work.commit('a, made anew');
    work.git('branch', 'feature/a');
    await up.prints(greens(3));
    work.git('branch', 'other');
    expectEnd(await up.stop(), { status: 0, stderr: '' });

    expect(await refsOf(data)).toEqual([
      'refs/heads/feature/a 1',
      'refs/heads/feature/b 1',
      'refs/heads/feature/a 3', // 2 is the deletion
    ]);
    await expectInOrder(data, { built: 3 });
  });

  it('see what came and went while nobody looked', async () => {
    const work = repository();
    work.git('branch', 'feature/stays');
    work.git('branch', 'feature/goes');
    const data = newData();
    expectEnd(await upOnce(data, [`${work.path}^feature/*`]), { status: 0 });
    work.git('branch', '-q', '-D', 'feature/goes');
    work.git('branch', 'feature/new');
    expectEnd(await upOnce(data, [`${work.path}^feature/*`]), { status: 0 });
    expect(await accountOf(data)).toMatchObject({ deletions: 1, seen: 3 });
    await expectInOrder(data, { built: 3 });
  });

  it('name tags too, annotated ones by their commit', async () => {
    const work = repository();
    work.git('tag', 'v1');
    work.git('tag', '-a', '-m', 'annotated', 'v2');
    work.git('tag', 'other');
    const data = newData();
    expectEnd(await upOnce(data, [`${work.path}^refs/tags/v*`]), { status: 0, stderr: '' });
    const head = work.git('rev-parse', 'HEAD');
    expect((await runs(data)).map(({ ref, commit }) => [ref, commit]).sort()).toEqual([
      ['refs/tags/v1', head],
      ['refs/tags/v2', head],
    ]);
    await expectInOrder(data, { built: 2 });
  });
});

describe('several sources', () => {
  it('are watched at once, also several branches of one repository', async () => {
    const [one, other] = [repository(), repository()];
    one.git('branch', 'next');
    const data = newData();
    const up = Keelson.up(data, [`${one.path}^main`, `${one.path}^next`, other.path]);
    await up.prints(greens(3));
    other.commit('one more');
    await up.prints(greens(4));
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const seen = (await runs(data)).map(({ source, ref }) => `${source} ${ref}`).sort();
    expect(seen).toEqual(
      [
        `${one.path} refs/heads/main`,
        `${one.path} refs/heads/next`,
        `${other.path} refs/heads/main`,
        `${other.path} refs/heads/main`,
      ].sort(),
    );
    await expectInOrder(data, { built: 4 });
  });

  it('end --once with the worst of their verdicts', async () => {
    const [green, red] = [repository(), repository()];
    red.pipeline('exit 3');
    red.commit();
    const data = newData();
    expectEnd(await upOnce(data, [green.path, red.path]), { status: 1 });
    await expectInOrder(data, { built: 1, failed: 1 });
  });
});

describe('a forced push', () => {
  it('accounts for what it threw away, and builds what it brought', async () => {
    const work = repository();
    const data = newData();
    expectEnd(await upOnce(data, [work.path]), { status: 0 });
    work.commit('thrown away');
    work.git('reset', '-q', '--hard', 'HEAD~1');
    work.commit('brought 1');
    const head = work.commit('brought 2');
    const up = Keelson.up(data, [work.path]);
    await up.prints('GREEN');
    expectEnd(await up.stop(), { status: 0 });
    const all = await runs(data);
    expect(all.at(-1)).toMatchObject({ commit: head, outcome: 'success' });
    // The value that nobody saw is in the reflog: it has a record, and was superseded before anything was built.
    const { seen, fates } = await accountOf(data);
    expect(seen).toBe(4);
    await expectInOrder(data, { built: fates.built, contained: 1, superseded: 3 - fates.built });
  });

  it('while `up` watches is one more change of the branch', async () => {
    const work = repository();
    const data = newData();
    const up = Keelson.up(data, [work.path]);
    await up.prints(greens(1));
    work.git('commit', '-q', '--amend', '--allow-empty', '-m', 'amended');
    await up.prints(greens(2));
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect(await refsOf(data)).toEqual(['refs/heads/main 1', 'refs/heads/main 2']);
    await expectInOrder(data, { built: 2 });
  });
});
