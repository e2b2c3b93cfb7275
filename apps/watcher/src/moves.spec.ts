import { eventTypes } from '@keelson/events';
import { look, lookAll, said, unaborted, World } from './watcher-fixture.contract';

describe('the watcher', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const main = 'refs/heads/main';

  it('records and tells the head that is there at the first look, once', async () => {
    const commit = world.repository.commit('first');
    const watcher = await world.watch();
    const [event, ...others] = await look(watcher);
    expect(others).toEqual([]);
    const [change, ...none] = await world.changes();
    expect(none).toEqual([]);
    expect(change).toMatchObject({ kind: 'created', sequence: 1, commit, previous: null, contained: [] });
    const { run, source, ref, sequence } = change!;
    expect(event).toMatchObject({ type: eventTypes.changeMerged, time: change!.seenAt });
    expect(event?.data.context.chainId).toBe(run);
    expect(event?.data.customData).toEqual({ run, attempt: 1, source, ref, commit, sequence });
    expect(await lookAll(watcher)).toEqual([]);
    await world.begin([event!]);
    expect(await lookAll(await world.watch())).toEqual([]);
  });

  it('takes that head as the place to start from when asked to begin now', async () => {
    const baseline = world.repository.commit('first');
    const watcher = await world.watch(['^main'], { from: 'now' });
    expect(await lookAll(watcher)).toEqual([]);
    expect(await world.changes()).toMatchObject([{ kind: 'baseline', commit: baseline }]);
    expect(world.looked.at(-1)).toEqual([`${main} ${baseline}`]);
    const commit = world.repository.commit('second');
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${commit}`]);
    expect(await world.account()).toMatchObject({ seen: 1, balanced: true });
  });

  it('builds at a later start the head that an earlier one left alone', async () => {
    const commit = world.repository.commit('first');
    await lookAll(await world.watch(['^main'], { from: 'now' }));
    expect((await lookAll(await world.watch(['^main']))).map(said)).toEqual([`${main} 2 ${commit}`]);
    expect(await world.changes()).toMatchObject([{ kind: 'baseline' }, { kind: 'advanced', commit, contained: [] }]);
  });

  it('builds a branch that came after the first look, also when asked to begin now', async () => {
    world.repository.commit('first');
    const watcher = await world.watch(['^feature/*'], { from: 'now' });
    expect(await lookAll(watcher)).toEqual([]);
    world.repository.git('checkout', '-q', '-b', 'feature/a');
    const commit = world.repository.commit('on a branch');
    expect((await lookAll(watcher)).map(said)).toEqual([`refs/heads/feature/a 1 ${commit}`]);
  });

  it('takes a head of the first look as the baseline also when it could not be recorded at once', async () => {
    world.repository.commit('first');
    const watcher = await world.watch(['^main'], { from: 'now' });
    expect(await watcher.list(unaborted)).toHaveLength(1); // seen, and nothing more
    expect(await lookAll(watcher)).toEqual([]);
    expect(await world.changes()).toMatchObject([{ kind: 'baseline' }]);
  });

  it('names every commit that came with a head as contained in it', async () => {
    const first = world.repository.commit('first');
    const watcher = await world.watch();
    await lookAll(watcher);
    const [second, third, fourth] = ['second', 'third', 'fourth'].map((message) => world.repository.commit(message));
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${fourth}`]);
    const record = { kind: 'advanced', commit: fourth, previous: first, contained: [second, third] };
    expect((await world.changes())[1]).toMatchObject(record);
    expect(await world.account()).toMatchObject({ seen: 4, fates: { contained: 2, running: 2 }, balanced: true });
  });

  it('gives a value that was pushed and forced away between two looks a record of its own', async () => {
    const first = world.repository.commit('first');
    const watcher = await world.watch();
    await lookAll(watcher);
    const inside = world.repository.commit('inside the one forced away');
    const away = world.repository.commit('forced away');
    world.repository.git('reset', '-q', '--hard', first);
    const stays = world.repository.commit('stays');
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${away}`, `${main} 3 ${stays}`]);
    expect((await world.changes()).slice(1)).toMatchObject([
      { kind: 'advanced', commit: away, previous: first, contained: [inside] },
      { kind: 'forced', commit: stays, previous: away, contained: [] },
    ]);
    expect(await world.account()).toMatchObject({ seen: 4, balanced: true });
  });

  it('records a ref that was forced back to an older commit, which brings nothing new', async () => {
    const first = world.repository.commit('first');
    world.repository.commit('second');
    const watcher = await world.watch();
    await lookAll(watcher);
    world.repository.git('reset', '-q', '--hard', first);
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 ${first}`]);
    expect((await world.changes())[1]).toMatchObject({ kind: 'forced', contained: [] });
  });

  it('takes what was recorded a moment ago for no second move', async () => {
    // All within a second, which is as much as the reflog knows.
    const first = world.repository.commit('first');
    const watcher = await world.watch();
    await lookAll(watcher);
    const second = world.repository.commit('second');
    await lookAll(watcher);
    world.repository.git('reset', '-q', '--hard', first);
    await lookAll(watcher);
    const third = world.repository.commit('third');
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 4 ${third}`]);
    expect((await world.changes()).map(({ commit }) => commit)).toEqual([first, second, first, third]);
  });

  it('records a deleted branch, and where it goes on when it is made anew', async () => {
    world.repository.commit('first');
    world.repository.git('branch', 'side');
    const watcher = await world.watch(['^side']);
    await lookAll(watcher);
    world.repository.git('branch', '-q', '-D', 'side');
    const [gone] = await look(watcher);
    expect(gone?.type).toBe(eventTypes.branchDeleted);
    expect(said(gone!)).toBe('refs/heads/side 2 deleted');
    expect(await lookAll(watcher)).toEqual([]);
    expect(world.looked.at(-1)).toEqual([]);
    const between = world.repository.commit('between');
    const again = world.repository.commit('again');
    world.repository.git('branch', 'side');
    expect((await lookAll(watcher)).map(said)).toEqual([`refs/heads/side 3 ${again}`]);
    expect((await world.changes('refs/heads/side'))[2]).toMatchObject({ kind: 'advanced', contained: [between] });
    expect(await world.account()).toMatchObject({ seen: 3, deletions: 1, balanced: true });
  });

  it('follows HEAD where no branch is named, and takes no branch for deleted that HEAD only left', async () => {
    const first = world.repository.commit('first');
    const watcher = await world.watch(['.']);
    const told = await lookAll(watcher);
    expect(told.map(said)).toEqual([`${main} 1 ${first}`]);
    await world.begin(told);
    world.repository.git('checkout', '-q', '-b', 'other');
    const second = world.repository.commit('second');
    expect((await lookAll(watcher)).map(said)).toEqual([`refs/heads/other 1 ${second}`]);
    world.repository.git('checkout', '-q', '--detach');
    expect((await lookAll(watcher)).map(said)).toEqual([`HEAD 1 ${second}`]);
    world.repository.git('checkout', '-q', 'main');
    expect(await lookAll(watcher)).toEqual([]);
    expect(world.looked.at(-1)).toEqual([`${main} ${first}`]);
    world.repository.git('branch', '-q', '-D', 'other');
    expect(await lookAll(watcher)).toEqual([]); // nobody watches it any more
    world.repository.git('update-ref', '-d', main);
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 2 deleted`]);
  });

  it('watches every branch that a pattern names, each in its own order', async () => {
    const commit = world.repository.commit('first');
    for (const name of ['feature/a', 'feature/b', 'other']) world.repository.git('branch', name);
    const watcher = await world.watch(['^feature/*']);
    const told = (await lookAll(watcher)).map(said);
    expect(told.sort()).toEqual([`refs/heads/feature/a 1 ${commit}`, `refs/heads/feature/b 1 ${commit}`]);
    world.repository.git('checkout', '-q', 'feature/b');
    const second = world.repository.commit('second');
    expect((await lookAll(watcher)).map(said)).toEqual([`refs/heads/feature/b 2 ${second}`]);
  });

  it('records a move once, however many sources name the ref', async () => {
    const commit = world.repository.commit('first');
    world.repository.git('branch', 'side');
    const watcher = await world.watch(['^main', '^*']);
    const told = await lookAll(watcher);
    expect(new Set(told.map(said))).toEqual(new Set([`${main} 1 ${commit}`, `refs/heads/side 1 ${commit}`]));
    expect(new Set(told.map(({ id }) => id)).size).toBe(2);
    world.repository.commit('second');
    expect(new Set((await lookAll(watcher)).map(({ id }) => id)).size).toBe(1);
    expect(await world.changes()).toHaveLength(2);
  });

  it('is looked at exactly when its interval is over: many of one machine wake it together', async () => {
    world.repository.commit('first');
    let nowMs = Date.now();
    const watcher = await world.watch(['^main'], { localIntervalMs: 1000, random: () => 0, clock: () => nowMs });
    await world.begin(await lookAll(watcher));
    const looks = () => world.looked.length;
    for (const [afterMs, isDue] of [
      [999, false],
      [1, true],
    ] as const) {
      const before = looks();
      nowMs += afterMs;
      await look(watcher);
      expect(looks() > before).toBe(isDue);
    }
  });

  it('says once what it waits for, and builds it when it comes', async () => {
    const watcher = await world.watch();
    expect([await look(watcher), await look(watcher)]).toEqual([[], []]);
    expect(world.notices).toEqual([`${world.repository.path}: waiting: the repository has no commit yet`]);
    expect(world.looked.at(-1)).toEqual([]);
    const commit = world.repository.commit('first');
    expect((await lookAll(watcher)).map(said)).toEqual([`${main} 1 ${commit}`]);
  });
});
