import { composeEvent, eventTypes, newRunId } from '@keelson/events';
import { Watches } from '@keelson/ledger';
import { TerminalError } from '@keelson/stage';
import type { SourceUnwatched, SourceWatched } from './deps';
import { HeadObserver } from './observer';
import { lookAll, said, unaborted, World } from './watcher-fixture.contract';
import { recordWatch } from './watch-request';

describe('a source added while running', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  const asked = (
    type: typeof eventTypes.sourceWatched | typeof eventTypes.sourceUnwatched,
    customData: { source: string; pattern?: string },
  ) => {
    const chain = newRunId();
    return composeEvent({
      ...{ type, work: { run: chain, attempt: 1, stage: 'source' }, service: 'command' },
      ...{ subjectId: customData.source, content: {}, customData, time: '2026-01-02T03:04:05Z' },
    }) as SourceWatched | SourceUnwatched;
  };
  const main = () => ({ source: world.repository.path, pattern: 'main' });

  /** A watcher with no source of its own, and its stage. */
  async function open() {
    const observer = new HeadObserver(await world.deps([]));
    const stage = recordWatch({ ledger: world.records }, () => observer.recorded());
    return { observer, ask: (event: SourceWatched | SourceUnwatched) => stage(event, unaborted) };
  }

  it('is watched from then on, after restarts too, until it is not to be any more', async () => {
    const commit = world.repository.commit('first');
    const { observer, ask } = await open();
    expect(await lookAll(observer)).toEqual([]);
    await ask(asked(eventTypes.sourceWatched, main()));
    const told = await lookAll(observer);
    expect(told.map(said)).toEqual([`refs/heads/main 1 ${commit}`]);
    await world.begin(told);
    const second = world.repository.commit('second');
    const { observer: restarted, ask: askAgain } = await open();
    expect((await lookAll(restarted)).map(said)).toEqual([`refs/heads/main 2 ${second}`]);
    await askAgain(asked(eventTypes.sourceUnwatched, main()));
    world.repository.commit('third');
    expect(await lookAll(restarted)).toEqual([]);
    expect(await lookAll((await open()).observer)).toEqual([]);
    expect(world.notices.join('\n')).toContain(`${world.repository.path}^main: not watched any more`);
  });

  it('is found in the records by a process that was not asked', async () => {
    const commit = world.repository.commit('first');
    const observer = new HeadObserver(await world.deps([], { recordsIntervalMs: 0 }));
    expect(await lookAll(observer)).toEqual([]);
    await (await open()).ask(asked(eventTypes.sourceWatched, main()));
    expect((await lookAll(observer)).map(said)).toEqual([`refs/heads/main 1 ${commit}`]);
  });

  it('counts what was asked for last, however often the events come', async () => {
    const { ask } = await open();
    const [first, second] = [asked(eventTypes.sourceWatched, main()), asked(eventTypes.sourceUnwatched, main())];
    for (const event of [first, first, second, first, second]) await ask(event);
    const history = await new Watches(world.records).history(main());
    expect(history.map(({ isWatched, event }) => [isWatched, event])).toEqual([
      [true, first.id],
      [false, second.id],
    ]);
  });

  it('is watched once when it was also named at the start, and stays so', async () => {
    const commit = world.repository.commit('first');
    const { ask } = await open();
    await ask(asked(eventTypes.sourceWatched, main()));
    const observer = await world.watch(['^main']);
    expect((await lookAll(observer)).map(said)).toEqual([`refs/heads/main 1 ${commit}`]);
    await ask(asked(eventTypes.sourceUnwatched, main()));
    observer.recorded();
    const second = world.repository.commit('second');
    expect((await lookAll(observer)).map(said)).toEqual([`refs/heads/main 2 ${second}`]);
  });

  it('is left alone by a process that is to watch only what it was told', async () => {
    world.repository.commit('first');
    await (await open()).ask(asked(eventTypes.sourceWatched, main()));
    expect(await lookAll(new HeadObserver(await world.deps([], { isFollowingRecords: false })))).toEqual([]);
  });

  it.each([
    ['a path with no repository', '/nowhere/at/all', /\/nowhere\/at\/all/],
    ['a name with credentials', 'https://somebody:secret@git.example/widget', /without them/],
    ['an option', '--upload-pack=touch /tmp/x', /begins with "-"/],
    ['a transport helper', 'ext::sh -c touch', /transport helper/],
  ])('is refused for good when it is %s, without its secrets', async (_what, source, why) => {
    const { ask } = await open();
    const refused = await ask(asked(eventTypes.sourceWatched, { source })).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TerminalError);
    expect(String(refused)).toMatch(why);
    expect(String(refused)).not.toContain('secret');
  });

  it('may be away when nobody wants it any more', async () => {
    const { ask } = await open();
    expect(await ask(asked(eventTypes.sourceUnwatched, { source: '/nowhere/at/all' }))).toMatchObject({ kind: 'emit' });
  });
});
