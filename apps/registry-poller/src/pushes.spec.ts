import { eventTypes } from '@keelson/events';
import type { Event, EventOf } from '@keelson/events';
import { beginKey, changeKey, endOf, endRun, imageKey, imagesPrefix } from '@keelson/ledger';
import { typesOf } from '@keelson/testbed';
import { refusing, unaborted, World } from './poller-fixture.contract';
import { PushObserver, pushKey } from './observer';

describe('a watched tag', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  const watch = (...names: string[]) =>
    new PushObserver(world.deps({ watched: names.map((name) => `${world.registry}/${name}`) }));

  /** One look as the loop does it. */
  async function look(observer: PushObserver): Promise<Event[]> {
    const told: Event[] = [];
    for (const push of await observer.list(unaborted)) {
      told.push(...(await observer.report(push)));
      await observer.mark(push);
    }
    return told;
  }
  const runOf = (told: readonly Event[]) => told[0]!.data.context.chainId;

  it('starts a run at the test when somebody else pushed it, once', async () => {
    const digest = await world.push('theirs', 'main');
    const observer = watch('widget:main');
    const told = await look(observer);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunStarted, eventTypes.artifactPublished]);
    const [source, ref] = [`${world.registry}/widget`, 'refs/tags/main'];
    const change = await world.ledger.read(changeKey(source, ref, 1));
    expect(change).toMatchObject({ run: runOf(told), kind: 'created', commit: digest.slice(7), previous: null });
    const begin = await world.ledger.read(beginKey(runOf(told), 1));
    expect(begin).toMatchObject({ from: 'test', openedBy: 'registry-poller', source, ref, sequence: 1 });
    const published = told[1] as EventOf<typeof eventTypes.artifactPublished>;
    expect(published.data.customData).toEqual({
      ...{ run: runOf(told), attempt: 1, source, ref, commit: digest.slice(7), sequence: 1 },
      image: { repository: source, digest, tag: 'main' },
    });
    expect(told.map(({ time }) => time)).toEqual([begin?.openedAt, begin?.openedAt]);
    expect(await look(observer)).toEqual([]);
  });

  it('starts one run however often its push is listed and reported', async () => {
    await world.push('theirs', 'main');
    const [one, other] = [watch('widget:main'), watch('widget:main')];
    const [[first], [second], [again]] = [
      await one.list(unaborted),
      await other.list(unaborted),
      await one.list(unaborted),
    ];
    expect(pushKey(first!)).toBe(pushKey(again!));
    const told = await one.report(first!);
    expect(await one.report(again!)).toEqual(told);
    expect(await other.report(second!)).toEqual(told);
    expect(await world.ledger.newestChange(`${world.registry}/widget`, 'refs/tags/main')).toMatchObject({
      sequence: 1,
    });
  });

  it('is named without a tag too', async () => {
    await world.push('theirs', 'latest');
    const observer = watch('widget');
    expect(await look(observer)).toHaveLength(2);
    expect(await look(observer)).toEqual([]);
  });

  it('starts nothing when the push is our own', async () => {
    await world.pushOurs('ours', 'main');
    expect(await look(watch('widget:main'))).toEqual([]);
    expect(await world.ledger.newestChange(`${world.registry}/widget`, 'refs/tags/main')).toBeUndefined();
  });

  it('is still ours when the registry has another address than when we pushed', async () => {
    const { digest } = await world.pushOurs('ours', 'main');
    const former = 'localhost:1';
    const store = world.ledger.store;
    for (const run of await store.listSegments(imagesPrefix(`${world.registry}/widget`, digest))) {
      const record = await world.ledger.read(imageKey(`${world.registry}/widget`, digest, run));
      await world.ledger.write(imageKey(`${former}/widget`, digest, run), {
        ...record!,
        repository: `${former}/widget`,
      });
      await store.delete(imageKey(`${world.registry}/widget`, digest, run).path);
    }
    const watched = [`${world.registry}/widget:main`];
    const knowing = world.deps({ watched, sameRegistry: [[former, world.registry]] });
    expect(await look(new PushObserver(knowing))).toEqual([]);
    expect(await look(new PushObserver(world.deps({ watched })))).toHaveLength(2); // as somebody else's registry would be
  });

  it('starts a run when somebody pushed our image under another name', async () => {
    const { digest } = await world.pushOurs('ours', 'main');
    expect(await world.push('ours', 'main', 'elsewhere')).toBe(digest);
    expect(await look(watch('elsewhere:main'))).toHaveLength(2);
  });

  it('starts a run for each push of somebody else, also for one back to an image that was there before', async () => {
    const observer = watch('widget:main');
    const runs = [];
    for (const text of ['one', 'two', 'one']) {
      await world.push(text, 'main');
      runs.push(runOf(await look(observer)));
    }
    expect(new Set(runs).size).toBe(3);
    expect(await world.ledger.read(changeKey(`${world.registry}/widget`, 'refs/tags/main', 3))).toMatchObject({
      ...{ run: runs[2], kind: 'forced' },
    });
  });

  it('starts nothing when our push takes the tag back', async () => {
    const observer = watch('widget:main');
    await world.push('theirs', 'main');
    await look(observer);
    await world.pushOurs('ours', 'main');
    expect(await look(observer)).toEqual([]);
  });

  it('tells the same run after a crash before it was published, whatever was recorded by then', async () => {
    await world.push('theirs', 'main');
    const [push] = await watch('widget:main').list(unaborted);
    const told = await watch('widget:main').report(push!);
    expect(await look(watch('widget:main'))).toEqual(told);
    await world.ledger.store.delete(beginKey(runOf(told), 1).path);
    expect(await look(watch('widget:main'))).toEqual(told);
  });

  it('tells nothing again after a restart when its run has ended', async () => {
    await world.push('theirs', 'main');
    const told = await look(watch('widget:main'));
    const run = (told[1] as EventOf<typeof eventTypes.artifactPublished>).data.customData;
    await endRun(world.ledger, endOf({ run, stage: 'test', service: 'test-runner', now: told[0]!.time }, 'success'));
    expect(await look(watch('widget:main'))).toEqual([]);
  });

  it('is waited for when it is not there', async () => {
    const observer = watch('widget:main');
    expect(await look(observer)).toEqual([]);
    await world.push('theirs', 'main');
    expect(await look(observer)).toHaveLength(2);
  });

  it.each([401, 500])(
    'is seen also while the registry of another one answers %i, which is said once',
    async (status) => {
      const { address, close } = await refusing(status);
      await world.push('theirs', 'main');
      const watched = [`${address}/base:1`, `${world.registry}/widget:main`];
      const observer = new PushObserver(world.deps({ watched }));
      expect(await look(observer)).toHaveLength(2);
      expect(await look(observer)).toEqual([]);
      expect(world.notices).toEqual([expect.stringMatching(new RegExp(`^${address}/base:1: .*${address}`))]);
      close();
    },
  );
});
