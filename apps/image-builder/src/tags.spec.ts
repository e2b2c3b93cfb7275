import { imageKey, imagesPrefix, stageEndedKey } from '@keelson/ledger';
import { parseImageReference } from '@keelson/registry';
import { eventsOf } from '@keelson/testbed';
import { sha1, tagsOf, unaborted, World } from './builder-fixture.contract';
import type { Asked } from './builder-fixture.contract';
import { TagObserver, tagKey } from './observer';
import { buildImage } from './stage';

describe('the moving tag', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  /** Builds it, whatever is newer, and returns its digest. */
  async function built(asked: Asked): Promise<string> {
    const event = await world.frozen(asked);
    eventsOf(await buildImage(world.deps())(event, unaborted));
    const { image } = (await world.ledger.read(stageEndedKey({ ...event.data.customData, stage: 'build' })))!;
    return image!.digest;
  }

  /** One look as the loop does it, in this order of the sequences. */
  async function look(observer = new TagObserver(world.deps()), { marks = true } = {}): Promise<number> {
    const opens = await observer.list();
    for (const open of opens) {
      expect(await observer.report(open, unaborted)).toEqual([]);
      if (marks) await observer.mark(open);
    }
    return opens.length;
  }

  it('follows each build', async () => {
    for (const sequence of [1, 2]) {
      const digest = await built({ sequence });
      expect(await look()).toBe(1);
      expect(await world.tagged('main')).toBe(digest);
    }
    expect(await look()).toBe(0);
  });

  it('stays where it is when an older build ends later', async () => {
    // Both had begun before the newer one was known.
    const older = await world.frozen({ sequence: 1 });
    const stage = buildImage(world.deps());
    eventsOf(await stage(older, unaborted));
    const newer = await built({ sequence: 2 });
    const observer = new TagObserver(world.deps());
    const [first, second] = await observer.list();
    await observer.report(second!, unaborted);
    await observer.mark(second!);
    expect(await world.tagged('main')).toBe(newer);
    await observer.report(first!, unaborted);
    await observer.mark(first!);
    expect(await world.tagged('main')).toBe(newer);
    expect(await world.tagged(tagsOf(older).immutable)).not.toBe(newer);
  });

  it('stays there too when the newer one was pushed under another address of the same registry', async () => {
    const older = await world.frozen({ sequence: 1 });
    eventsOf(await buildImage(world.deps())(older, unaborted));
    const newer = await built({ sequence: 2 });
    const [first, second] = await new TagObserver(world.deps()).list();
    await new TagObserver(world.deps()).report(second!, unaborted);
    const [now, former] = [`${world.registry}/widget`, 'localhost:1/widget'];
    for (const run of await world.ledger.store.listSegments(imagesPrefix(now, newer))) {
      const record = (await world.ledger.read(imageKey(now, newer, run)))!;
      await world.ledger.write(imageKey(former, newer, run), { ...record, repository: former });
      await world.ledger.store.delete(imageKey(now, newer, run).path);
    }
    const sameRegistry = [['localhost:1', world.registry]];
    await new TagObserver(world.deps({ sameRegistry })).report(first!, unaborted);
    expect(await world.tagged('main')).toBe(newer);
  });

  it('is moved by one build at a time: two at once could end in the wrong order', async () => {
    await built({ sequence: 1 });
    await built({ sequence: 2 });
    const [first, second] = await new TagObserver(world.deps()).list();
    expect(tagKey(first!)).toBe(tagKey(second!));
  });

  it('goes back to an image that was built before when the ref does', async () => {
    const commit = sha1('the first');
    const first = await built({ sequence: 1, commit });
    await look();
    await built({ sequence: 2 });
    await look();
    expect(await world.tagged('main')).not.toBe(first);
    expect(await built({ sequence: 3, commit })).toBe(first);
    await look();
    expect(await world.tagged('main')).toBe(first);
  });

  it('is moved after a crash, whether or not it was before', async () => {
    const digest = await built({ sequence: 1 });
    await look(undefined, { marks: false });
    expect(await world.tagged('main')).toBe(digest);
    expect(await look()).toBe(1);
    expect(await look()).toBe(0);
    await world.client.deleteManifest(parseImageReference(`${world.registry}/widget:main`), unaborted);
    const second = await built({ sequence: 2 });
    expect(await look()).toBe(1);
    expect(await world.tagged('main')).toBe(second);
  });

  it('is taken from an image that nobody of us built', async () => {
    const foreign = await world.image('widget', { target: { repository: `${world.registry}/widget`, tags: ['main'] } });
    expect(foreign).toContain('widget');
    const digest = await built({ sequence: 1 });
    await look();
    expect(await world.tagged('main')).toBe(digest);
  });
});
