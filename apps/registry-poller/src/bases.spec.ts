import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { baseKey, changeKey, watchKey, watchName } from '@keelson/ledger';
import { typesOf } from '@keelson/testbed';
import { BaseObserver, rebuildKey } from './base-observer';
import { builtOn, buildAgain } from './built-images.contract';
import type { Built } from './built-images.contract';
import type { BaseWatch } from './deps';
import { refusing, unaborted, World } from './poller-fixture.contract';

describe('a base in use', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  /** As a new process would have it. */
  function observer(more: Partial<BaseWatch> = {}): BaseObserver {
    const watch = { client: world.newClient(), intervalMs: 0, rebuildsPerMinute: 10, ...more };
    return new BaseObserver(world.deps(), watch);
  }
  /** One look as the loop does it. */
  async function look(by: BaseObserver): Promise<Event[]> {
    const told: Event[] = [];
    for (const rebuild of await by.list(unaborted)) {
      told.push(...(await by.report(rebuild)));
      await by.mark(rebuild);
    }
    return told;
  }
  const reference = () => `${world.registry}/base:1`;
  const pushBase = async (text: string) => ({ reference: reference(), digest: await world.push(text, '1', 'base') });
  const main = (sequence: number, source = '/repositories/widget') => changeKey(source, 'refs/heads/main', sequence);

  async function movedUnder(...images: readonly Omit<Built, 'base'>[]) {
    const before = await pushBase('old');
    for (const image of images) await builtOn(world, { ...image, base: before });
    return { before, after: await pushBase('new') };
  }

  it('that moves has the newest commit on it built again, once', async () => {
    const { before, after } = await movedUnder({ onBase: 'rebuild', sequence: 7 });
    const looking = observer();
    const told = await look(looking);
    expect(typesOf(told)).toEqual([eventTypes.changeMerged]);
    const change = await world.ledger.read(main(8));
    const commit = 'c'.repeat(40);
    expect(change).toMatchObject({ kind: 'rebuilt', commit, previous: commit, contained: [] });
    expect(change?.bases).toEqual([{ reference: reference(), from: before.digest, to: after.digest }]);
    const { run, source, ref } = change!;
    expect(told[0]!.data.customData).toEqual({ run, attempt: 1, source, ref, commit, sequence: 8 });
    expect(await look(looking)).toEqual([]);
    await buildAgain(world, change!, { onBase: 'rebuild', base: after });
    expect(await look(looking)).toEqual([]);
    expect(await look(observer())).toEqual([]);
    await pushBase('newer');
    expect(await look(looking)).toHaveLength(1);
    expect(await world.ledger.read(main(9))).toMatchObject({ kind: 'rebuilt' });
  });

  it('that has not moved starts nothing', async () => {
    await builtOn(world, { onBase: 'rebuild', base: await pushBase('old') });
    expect(await look(observer())).toEqual([]);
    expect(await world.ledger.read(baseKey(reference(), 1))).toMatchObject({ previous: null });
  });

  it('is told of again, by the same event, when the process died before it was published', async () => {
    await movedUnder({ onBase: 'rebuild' });
    const [rebuild] = await observer().list(unaborted);
    const dying = observer();
    const told = await dying.report(rebuild!);
    expect(await dying.report(rebuild!)).toEqual(told);
    const next = observer();
    expect(await look(next)).toEqual(told);
    expect(await look(next)).toEqual([]);
    const change = await world.ledger.read(main(2));
    expect(change?.run).toBe(told[0]!.data.context.chainId);
    expect(await world.ledger.read(main(3))).toBeUndefined();
  });

  it('gives way to a commit that came meanwhile', async () => {
    const { after } = await movedUnder({ onBase: 'rebuild' });
    const looking = observer();
    const [rebuild] = await looking.list(unaborted);
    await builtOn(world, { onBase: 'rebuild', sequence: 2, base: after });
    expect(await looking.report(rebuild!)).toEqual([]);
    await looking.mark(rebuild!);
    expect(await look(looking)).toEqual([]);
    expect(rebuildKey(rebuild!)).toBe('/repositories/widget^refs/heads/main');
  });

  it('is only spoken of where nobody asked for more, once, with what is on it', async () => {
    const { after } = await movedUnder({}, { source: '/repositories/gadget', onBase: 'report' });
    const looking = observer();
    expect(await look(looking)).toEqual([]);
    expect(await look(looking)).toEqual([]);
    const names = '/repositories/gadget^refs/heads/main, /repositories/widget^refs/heads/main';
    expect(world.notices).toEqual([`${reference()}: moved to ${after.digest}; built on what it was before: ${names}`]);
  });

  it('is not spoken of where it is to be ignored', async () => {
    await movedUnder({ onBase: 'ignore' });
    expect(await look(observer())).toEqual([]);
    expect(world.notices).toEqual([]);
  });

  it('starts as many builds in a minute as are allowed, whatever process counts', async () => {
    const sources = ['a', 'b', 'c', 'd', 'e'].map((name) => `/repositories/${name}`);
    await movedUnder(...sources.map((source) => ({ source, onBase: 'rebuild' as const })));
    const allowed = { rebuildsPerMinute: 2, intervalMs: 3_600_000 };
    const looking = observer(allowed);
    expect(await look(looking)).toHaveLength(2);
    expect(world.notices).toEqual(['bases: 3 more to build again, 2 a minute']);
    expect(await look(looking)).toEqual([]);
    for (const source of sources.slice(0, 2))
      await buildAgain(world, (await world.ledger.read(main(2, source)))!, {
        ...{ onBase: 'rebuild', base: { reference: reference(), digest: `sha256:${'e'.repeat(64)}` } },
      });
    expect(await look(observer(allowed))).toEqual([]);
    world.laterMs += 61_000;
    expect(await look(looking)).toHaveLength(2);
    world.laterMs += 61_000;
    const last = await look(looking);
    expect(last).toHaveLength(1);
    expect((await world.ledger.read(main(2, sources[4])))?.run).toBe(last[0]!.data.context.chainId);
  });

  it('counts a build of this minute that a commit has passed already', async () => {
    const sources = ['/repositories/a', '/repositories/b'];
    const { after } = await movedUnder(...sources.map((source) => ({ source, onBase: 'rebuild' as const })));
    const looking = observer({ rebuildsPerMinute: 1 });
    expect(await look(looking)).toHaveLength(1);
    const { seenAt } = (await world.ledger.read(main(2, sources[0])))!;
    await builtOn(world, { source: sources[0]!, onBase: 'rebuild', sequence: 3, base: after, seenAt });
    expect(await look(looking)).toEqual([]);
    world.laterMs += 61_000;
    expect(await look(looking)).toHaveLength(1);
    expect(await world.ledger.read(main(2, sources[1]))).toMatchObject({ kind: 'rebuilt' });
  });

  it('is no reason any more when a rebuild did not change it: its digest is written beside the tag', async () => {
    const { before } = await movedUnder({ onBase: 'rebuild' });
    const looking = observer();
    expect(await look(looking)).toHaveLength(1);
    await buildAgain(world, (await world.ledger.read(main(2)))!, { onBase: 'rebuild', base: before });
    expect(await look(looking)).toEqual([]);
    await pushBase('newer');
    expect(await look(looking)).toEqual([]);
  });

  it('is asked for in vain where its registry is away, which is said once and keeps nobody from the others', async () => {
    const away = await refusing(503);
    try {
      const digest = `sha256:${'a'.repeat(64)}`;
      const base = { reference: `${away.address}/base:1`, digest };
      await builtOn(world, { source: '/repositories/away', onBase: 'rebuild', base });
      await movedUnder({ onBase: 'rebuild' });
      const looking = observer();
      expect(await look(looking)).toHaveLength(1);
      expect(await look(looking)).toEqual([]);
      expect(world.notices).toEqual([expect.stringContaining(`${away.address}/base:1: `)]);
    } finally {
      away.close();
    }
  });

  it('is not looked at for refs that are gone, nor for sources that nobody watches any more', async () => {
    await movedUnder({ onBase: 'rebuild' }, { source: '/repositories/gadget', onBase: 'rebuild' });
    const [source, ref] = ['/repositories/widget', 'refs/heads/main'];
    const seenAt = '2026-01-02T03:01:00Z';
    await world.ledger.write(changeKey(source, ref, 2), {
      ...{ run: crypto.randomUUID(), name: 'x', source, ref, sequence: 2, kind: 'deleted', commit: null },
      ...{ previous: 'c'.repeat(40), contained: [], seenAt },
    });
    const gadget = { source: '/repositories/gadget', pattern: 'main' };
    await world.ledger.write(watchKey(watchName(gadget), 1), {
      ...{ ...gadget, sequence: 1, isWatched: false, event: 'e', askedAt: seenAt },
    });
    expect(await look(observer())).toEqual([]);
    expect(await look(observer({ sources: ['/repositories/other'] }))).toEqual([]);
    expect(await look(observer({ sources: ['/repositories/gadget'] }))).toHaveLength(1);
  });
});
