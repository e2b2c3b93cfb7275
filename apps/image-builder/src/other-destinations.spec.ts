import { beginKey, stageEndedKey } from '@keelson/ledger';
import { copyImage, parseImageReference } from '@keelson/registry';
import { buildKind } from './build-kind';
import { tagsOf, unaborted, World } from './builder-fixture.contract';
import type { BuildQueued, BuildWork } from './deps';

describe('a further name that two commits of a ref push', () => {
  let world: World;
  let other: string;
  beforeEach(async () => {
    world = await World.open();
    other = `${world.registry}/team/other:stable`;
  });
  afterEach(() => world.end());

  const digestAt = async (name: string) => (await world.client.head(parseImageReference(name), unaborted))?.digest;
  const immutable = (event: BuildQueued) => `${world.registry}/widget:${tagsOf(event).immutable}`;
  const moves = (event: BuildQueued) =>
    copyImage(world.client, { from: parseImageReference(immutable(event)), to: parseImageReference(other) }, unaborted);

  /** A run whose builder has pushed its image. */
  async function pushed(sequence: number, { strategy = 'kaniko', push = [other] }: Building = {}) {
    const event = await world.frozen({ sequence, build: { strategy, push } });
    await world.image('widget', {
      target: { repository: `${world.registry}/widget`, tags: [tagsOf(event).immutable] },
      config: { created: `2020-01-0${sequence}T00:00:00Z` },
    });
    return event;
  }
  type Building = { strategy?: 'kaniko' | 'makisu'; push?: string[] };

  /** What becomes of it, recorded as the service does. */
  async function ended(event: BuildQueued) {
    const work = { warn: () => undefined } as unknown as BuildWork;
    const kind = buildKind({ ...world.deps({ work }), work });
    const { run, attempt } = event.data.customData;
    const open = { event, openedAt: '2026-01-02T03:04:05Z' };
    const end = { kind: 'exited' as const, code: 0 };
    const verdict = await kind.verdict({ event, open, name: `${run}.${attempt}.build`, kept: {}, end }, unaborted);
    const times = { startedAt: '2026-01-02T03:04:05Z', endedAt: '2026-01-02T03:05:05Z' };
    const key = stageEndedKey({ ...event.data.customData, stage: 'build' });
    await world.ledger.write(key, { stage: 'build', ...times, ...verdict });
    return verdict;
  }

  it.each(['kaniko', 'makisu'] as const)(
    'is put back to the newer one by %s when the older ends last',
    async (strategy) => {
      const [older, newer] = [await pushed(1, { strategy }), await pushed(2, { strategy })];
      await moves(newer);
      expect(await ended(newer)).toMatchObject({ outcome: 'success' });
      if (strategy === 'kaniko') await moves(older);
      expect(await ended(older)).toMatchObject({
        outcome: 'success',
        image: { digest: await digestAt(immutable(older)) },
      });
      expect(await digestAt(other)).toBe(await digestAt(immutable(newer)));
      expect(await digestAt(immutable(newer))).not.toBe(await digestAt(immutable(older)));
    },
  );

  it('is well where it is the newer one already', async () => {
    const [older, newer] = [await pushed(1), await pushed(2)];
    await moves(newer);
    await ended(newer);
    expect(await ended(older)).toMatchObject({ outcome: 'success' });
    expect(await digestAt(other)).toBe(await digestAt(immutable(newer)));
  });

  it('stays where the newer one does not name it, has failed, or where somebody asked for the older', async () => {
    const older = await pushed(1);
    await ended(await pushed(2, { push: [] }));
    await moves(older);
    const failed = await pushed(3);
    expect(await ended(failed)).toMatchObject({ outcome: 'error', reason: { code: 'no-image' } });
    expect(await ended(older)).toMatchObject({ outcome: 'success' });
    expect(await digestAt(other)).toBe(await digestAt(immutable(older)));
    const newest = await pushed(4);
    await moves(newest);
    await ended(newest);
    const again = { ...older, data: { ...older.data, customData: { ...older.data.customData, attempt: 2 } } };
    const begin = (await world.ledger.read(beginKey(again.data.customData.run, 1)))!;
    await world.ledger.write(beginKey(begin.run, 2), { ...begin, attempt: 2, openedBy: 'command' });
    await moves(older);
    expect(await ended(again)).toMatchObject({ outcome: 'success' });
    expect(await digestAt(other)).toBe(await digestAt(immutable(older)));
  });
});
