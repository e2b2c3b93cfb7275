import { eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { baseKey, newestBases, recordBase } from '@keelson/ledger';
import { BaseObserver } from './base-observer';
import { builtOn } from './built-images.contract';
import { MovedBaseObserver } from './moved-base-observer';
import { unaborted, World } from './poller-fixture.contract';

describe('a base that moves', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  const reference = () => `${world.registry}/base:1`;
  const pushBase = async (text: string) => ({ reference: reference(), digest: await world.push(text, '1', 'base') });

  /** Looks at the bases as a process does that has just started. */
  const look = () =>
    new BaseObserver(world.deps(), { client: world.newClient(), intervalMs: 0, rebuildsPerMinute: 1 }).list(unaborted);

  /** What is told, and noted as told. */
  async function told({ dies = false } = {}): Promise<Event[]> {
    const observer = new MovedBaseObserver(world.ledger);
    const events: Event[] = [];
    for (const record of await observer.list()) {
      events.push(...(await observer.report(record)));
      if (!dies) await observer.mark(record);
    }
    return events;
  }
  const move = (sequence: number, from: string, to: string) => ({
    type: eventTypes.baseMoved,
    subject: reference(),
    data: { customData: { reference: reference(), sequence, from, to } },
  });

  it.each(['rebuild', 'report', 'ignore'] as const)(
    'is told, whatever the pipeline does about it: %s',
    async (onBase) => {
      const old = await pushBase('old');
      await builtOn(world, { onBase, base: old });
      await look();
      expect(await told()).toEqual([]); // it is where it was
      const first = await pushBase('new');
      await look();
      expect(await told()).toMatchObject([move(2, old.digest, first.digest)]);
      await look();
      expect(await told()).toEqual([]);
      const second = await pushBase('newer');
      await look();
      expect(await told()).toMatchObject([move(3, first.digest, second.digest)]);
    },
  );

  it('is told also where it was not looked at before: an image says what it was', async () => {
    const old = await pushBase('old');
    await builtOn(world, { base: old });
    const { digest } = await pushBase('new');
    await look();
    expect(await told()).toMatchObject([move(1, old.digest, digest)]);
  });

  it('is told again, in the same words, when the process died before it was published', async () => {
    const old = await pushBase('old');
    await builtOn(world, { base: old });
    await pushBase('new');
    await look();
    const before = await told({ dies: true });
    expect(before).toHaveLength(1);
    expect(await told()).toEqual(before);
    expect(await told()).toEqual([]);
  });

  it('is told as the record has it, which another leader wrote', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string, string];
    const seen = { reference: reference(), builtOn: a };
    await recordBase(world.ledger, { ...seen, digest: b, seenAt: '2026-01-02T03:00:00Z' }, undefined);
    // Late: it has not seen that record.
    await recordBase(world.ledger, { ...seen, digest: c, seenAt: '2026-01-02T03:00:01Z' }, undefined);
    expect(await told()).toMatchObject([{ ...move(1, a, b), time: '2026-01-02T03:00:00Z' }]);
    expect((await newestBases(world.ledger)).get(reference())?.digest).toBe(b);
  });

  it('is not told before its record stands', async () => {
    const key = baseKey(reference(), 1);
    const old = await pushBase('old');
    await builtOn(world, { base: old });
    await pushBase('new');
    await look();
    await world.ledger.store.delete(key.path);
    expect(await told()).toEqual([]);
    await look();
    expect(await told()).toHaveLength(1);
  });
});
