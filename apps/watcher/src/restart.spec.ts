import { renameSync } from 'node:fs';
import { look, lookAll, said, unaborted, World } from './watcher-fixture.contract';

describe('a watcher that was interrupted', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const main = 'refs/heads/main';

  it('tells what was recorded and not published, after a restart, as the same run and by the same events', async () => {
    const commit = world.repository.commit('first');
    const first = await world.watch();
    const [move] = await first.list(unaborted);
    const events = await first.report(move!, unaborted); // and dies before these are published
    expect(await first.report(move!, unaborted)).toEqual(events);
    const second = await world.watch();
    expect(await lookAll(second)).toEqual(events);
    expect(await world.changes()).toMatchObject([{ sequence: 1, commit }]);
    expect(await lookAll(second)).toEqual([]);
  });

  it('tells it again in the same process when it could not be published', async () => {
    world.repository.commit('first');
    const watcher = await world.watch();
    await world.begin(await lookAll(watcher));
    const second = world.repository.commit('second');
    await look(watcher, { crashes: true });
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${second}`]);
    expect(await world.changes()).toHaveLength(2);
  });

  it('tells that first when the ref has moved on meanwhile, with a restart and without', async () => {
    world.repository.commit('first');
    const watcher = await world.watch();
    await look(watcher, { crashes: true });
    const second = world.repository.commit('second');
    const told = await lookAll(watcher);
    expect(told.map(said)).toEqual([`${main} 1 ${world.repository.git('rev-parse', 'HEAD~')}`, `${main} 2 ${second}`]);
    await world.begin(told);
    const third = world.repository.commit('third');
    await look(watcher, { crashes: true });
    const fourth = world.repository.commit('fourth');
    expect((await lookAll(await world.watch())).map(said)).toEqual([`${main} 3 ${third}`, `${main} 4 ${fourth}`]);
    expect(world.looked.at(-1)).toEqual([`${main} ${fourth}`]);
    expect(world.looked).not.toContainEqual([`${main} ${third}`]); // it is no present head any more
  });

  it('tells every value of one move, those forced away among them', async () => {
    const first = world.repository.commit('first');
    const watcher = await world.watch();
    await world.begin(await lookAll(watcher));
    const away = world.repository.commit('forced away');
    world.repository.git('reset', '-q', '--hard', first);
    const stays = world.repository.commit('stays');
    await look(watcher, { crashes: true });
    expect((await lookAll(await world.watch())).map(said)).toEqual([`${main} 2 ${away}`, `${main} 3 ${stays}`]);
  });

  it('tells a branch that was recorded, not published, and deleted meanwhile', async () => {
    const commit = world.repository.commit('first');
    world.repository.git('branch', 'side');
    await look(await world.watch(['^side']), { crashes: true });
    world.repository.git('branch', '-q', '-D', 'side');
    const told = ['refs/heads/side 1 ' + commit, 'refs/heads/side 2 deleted'];
    expect((await lookAll(await world.watch(['^side']))).map(said)).toEqual(told);
  });

  it('does so without a restart too', async () => {
    const commit = world.repository.commit('first');
    world.repository.git('branch', 'side');
    const watcher = await world.watch(['^side']);
    await look(watcher, { crashes: true });
    world.repository.git('branch', '-q', '-D', 'side');
    const told = ['refs/heads/side 1 ' + commit, 'refs/heads/side 2 deleted'];
    expect((await lookAll(watcher)).map(said)).toEqual(told);
  });

  it('sees a branch that was deleted while it did not run', async () => {
    world.repository.commit('first');
    world.repository.git('branch', 'side');
    await world.begin(await lookAll(await world.watch(['^*'])));
    world.repository.git('branch', '-q', '-D', 'side');
    const watcher = await world.watch(['^*']);
    expect((await lookAll(watcher)).map(said)).toEqual(['refs/heads/side 2 deleted']);
    expect(await lookAll(await world.watch(['^*']))).toEqual([]);
  });

  it.each([['^*'], ['.']])('tells a deletion that was recorded and not published, once (%s)', async (pattern) => {
    world.repository.commit('first');
    world.repository.git('checkout', '-q', '-b', 'side');
    const watcher = await world.watch([pattern]);
    await world.begin(await lookAll(watcher));
    world.repository.git('checkout', '-q', 'main');
    world.repository.git('branch', '-q', '-D', 'side');
    await look(watcher, { crashes: true });
    const told = await lookAll(await world.watch([pattern]));
    expect(told.map(said)).toContain('refs/heads/side 2 deleted');
    await world.begin(told);
    expect(await lookAll(await world.watch([pattern]))).toEqual([]);
    expect(await world.ledger.open('watcher')).toEqual([]);
  });

  it('tells nothing of a deletion that another watcher recorded first', async () => {
    world.repository.commit('first');
    world.repository.git('branch', 'side');
    const slow = await world.watch(['^side']);
    await world.begin(await lookAll(slow));
    world.repository.git('branch', '-q', '-D', 'side');
    const [move] = await slow.list(unaborted);
    const told = await lookAll(await world.watch(['^side']));
    expect(await slow.report(move!, unaborted)).toEqual(told);
    await slow.mark(move!);
    expect(await world.ledger.open('watcher')).toEqual([]);
  });

  it('takes what another watcher recorded first, and sees the rest at its next look', async () => {
    world.repository.commit('first');
    const [slow, quick] = [await world.watch(), await world.watch()];
    const [move] = await slow.list(unaborted);
    const told = await lookAll(quick);
    const second = world.repository.commit('second');
    const later = await slow.list(unaborted); // by now it has moved on, and quick has said nothing of that
    expect(await slow.report(later[0]!, unaborted)).toEqual(told);
    expect(await slow.report(move!, unaborted)).toEqual(told);
    await slow.mark(later[0]!);
    expect((await lookAll(slow)).map(said)).toEqual([`${main} 2 ${second}`]);
    expect(await world.changes()).toHaveLength(2);
  });

  it('tells a move once when a look has begun before it was told', async () => {
    const commit = world.repository.commit('first');
    const watcher = await world.watch();
    const [move] = await watcher.list(unaborted);
    const events = await watcher.report(move!, unaborted);
    const [again] = await watcher.list(unaborted); // by a hint, while the events are on their way
    await watcher.mark(move!);
    expect(await watcher.report(again!, unaborted)).toEqual([]);
    await watcher.mark(again!);
    expect(events.map(said)).toEqual([`${main} 1 ${commit}`]);
    const second = world.repository.commit('second');
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${second}`]);
  });

  it('says once that a source cannot be read, counts how often, and goes on when it can be again', async () => {
    world.repository.commit('first');
    const watcher = await world.watch();
    await world.begin(await lookAll(watcher));
    const { path } = world.repository;
    renameSync(path, `${path}-away`);
    expect([await look(watcher), await look(watcher)]).toEqual([[], []]);
    expect(world.unreadable).toEqual([
      { failures: 1, isPassing: false },
      { failures: 2, isPassing: false },
    ]);
    expect(world.notices).toHaveLength(1);
    expect(world.notices[0]).toContain(path);
    renameSync(`${path}-away`, path);
    const second = world.repository.commit('second');
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${second}`]);
    expect(await world.changes()).toHaveLength(2); // a repository that is away has no deleted branches
  });

  it('names a remote that cannot be reached as one that waiting can help', async () => {
    const url = 'http://127.0.0.1:1/widget.git';
    const watcher = await world.watch([`${url}^main`]);
    expect(await look(watcher)).toEqual([]);
    expect(world.unreadable).toEqual([{ failures: 1, isPassing: true }]);
    expect(world.notices[0]).toContain(url);
  });

  it('looks again at once when the records could not be read', async () => {
    const commit = world.repository.commit('first');
    const deps = await world.deps(['^main'], { localIntervalMs: 3_600_000 });
    const store = deps.ledger.store;
    const list = store.list.bind(store);
    store.list = () => {
      throw new Error('the store is away');
    };
    const watcher = await world.watch([], deps);
    await expect(watcher.list(unaborted)).rejects.toThrow('the store is away');
    store.list = list;
    expect((await look(watcher)).map(said)).toEqual([`${main} 1 ${commit}`]);
  });
});
