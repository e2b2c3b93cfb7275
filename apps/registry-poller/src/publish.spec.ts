import { eventTypes } from '@keelson/events';
import { endKey, endOf, endRun, stageEndedKey } from '@keelson/ledger';
import { eventsOf, toldTwice, typesOf } from '@keelson/testbed';
import { refusing, unaborted, World } from './poller-fixture.contract';
import type { Packaged } from './deps';
import { seeImage } from './stage';

describe('an image of ours', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const endOfRun = ({ data }: Packaged) => world.ledger.read(endKey(data.customData.run, 1));
  const missing = `sha256:${'d'.repeat(64)}`;

  it('is published once its digest can be pulled, whatever its tag is', async () => {
    const event = await world.packaged(await world.push('widget', 'another'));
    const { run, image } = event.data.customData;
    const [published, ...others] = await toldTwice(seeImage(world.deps()), event);
    expect(others).toEqual([]);
    const ended = await world.ledger.read(stageEndedKey({ run, attempt: 1, stage: 'publish' }));
    expect(ended).toMatchObject({ outcome: 'success', endedAt: published?.time });
    expect(published).toMatchObject({ type: eventTypes.artifactPublished, data: { customData: { run, image } } });
    expect(await toldTwice(seeImage(world.deps()), event)).toEqual([published]);
  });

  it('is told again also when the registry is away by then', async () => {
    const event = await world.packaged(await world.push('widget', 'main'));
    const told = eventsOf(await seeImage(world.deps())(event, unaborted));
    await world.stopRegistry();
    expect(await toldTwice(seeImage(world.deps()), event)).toEqual(told);
  });

  it('is waited for while it is missing, and published when it comes', async () => {
    const digest = await world.push('widget', 'main');
    const event = await world.packaged(digest);
    const url = `http://${world.registry}/v2/widget/manifests/${digest}`;
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(202);
    const stage = seeImage(world.deps());
    expect(await stage(event, unaborted)).toMatchObject({
      ...{ kind: 'again', after: '1s', because: expect.stringContaining(digest) },
    });
    world.laterMs = 60_000;
    expect(await stage(event, unaborted)).toMatchObject({ kind: 'again', after: '10s' });
    expect(world.notices.at(-1)).toContain('waiting: ');
    await world.push('widget', 'main');
    expect(typesOf(await toldTwice(stage, event))).toEqual([eventTypes.artifactPublished]);
  });

  it('ends its run in an error when it stays missing', async () => {
    const event = await world.packaged(missing);
    const stage = seeImage(world.deps());
    await stage(event, unaborted);
    expect(await endOfRun(event)).toBeUndefined();
    world.laterMs = 600_000;
    const told = await toldTwice(stage, event);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunFinished]);
    const end = await endOfRun(event);
    expect(end).toMatchObject({ outcome: 'error', stage: 'publish', reason: { code: 'unavailable' } });
    expect(end?.reason?.message).toContain(missing);
    expect(told[0]?.time).toBe(end?.endedAt);
  });

  it('is waited for when its registry is away, and when it is refused', async () => {
    const event = await world.packaged(await world.push('widget', 'main'));
    await world.stopRegistry();
    const stage = seeImage(world.deps());
    expect(await stage(event, unaborted)).toMatchObject({ kind: 'again' });
    await world.startRegistry();
    expect(typesOf(await toldTwice(stage, event))).toEqual([eventTypes.artifactPublished]);
    const { address, close } = await refusing(401);
    const refused = await world.packaged(missing, { sequence: 2 });
    refused.data.customData.image.repository = `${address}/widget`;
    expect(await stage(refused, unaborted)).toMatchObject({ kind: 'again', because: expect.stringContaining(address) });
    close();
  });

  it('is not published when a newer change is known, and ends its run as superseded', async () => {
    const event = await world.packaged(await world.push('widget', 'main'));
    await world.packaged(missing, { sequence: 2 });
    expect(typesOf(await toldTwice(seeImage(world.deps()), event))).toEqual([eventTypes.pipelineRunFinished]);
    expect(await endOfRun(event)).toMatchObject({
      outcome: 'cancel',
      reason: { code: 'superseded' },
      stage: 'publish',
    });
  });

  it('is not published when somebody has ended its run', async () => {
    const event = await world.packaged(await world.push('widget', 'main'));
    const work = {
      run: event.data.customData,
      stage: 'test',
      service: 'test-runner',
      now: '2026-01-02T03:04:05Z',
    } as const;
    await endRun(world.ledger, endOf(work, 'cancel', { code: 'cancelled', message: 'somebody asked' }));
    expect(await toldTwice(seeImage(world.deps()), event)).toEqual([]);
  });
});
