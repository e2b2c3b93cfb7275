import { eventTypes } from '@keelson/events';
import { endKey, endOf, endRun, planKey, stageEndedKey } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { eventsOf, toldTwice, typesOf } from '@keelson/testbed';
import { pipeline, unaborted, World } from './bootstrapper-fixture.contract';
import { freezeSource } from './stage';
import type { ChangeMerged } from './stage';

describe('freezing a source', () => {
  let world: World;
  let event: ChangeMerged;
  beforeEach(async () => {
    world = await World.open();
    event = await world.change(world.commit({ '.keelson.yaml': pipeline }));
  });
  afterEach(() => world.end());
  const end = () => world.ledger.read(endKey(event.data.customData.run, 1));

  it('waits for a registry that is away, and goes on when it is back', async () => {
    await world.stopRegistry();
    const stage = freezeSource(world.deps());
    const waiting = await stage(event, unaborted);
    expect(waiting).toMatchObject({ kind: 'again', after: '1s', because: expect.stringContaining(world.registry) });
    expect(world.notices[0]).toMatch(/^waiting: /);
    world.laterMs = 60_000;
    expect(await stage(event, unaborted)).toMatchObject({ kind: 'again', after: '10s' });
    expect(await end()).toBeUndefined();
    await world.startRegistry();
    expect(typesOf(await toldTwice(stage, event))).toEqual([eventTypes.pipelineRunStarted, eventTypes.buildQueued]);
  });

  it('ends the run in an error when the registry stays away', async () => {
    await world.stopRegistry();
    const stage = freezeSource(world.deps());
    await stage(event, unaborted);
    world.laterMs = 600_000;
    const told = await toldTwice(stage, event);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunStarted, eventTypes.pipelineRunFinished]);
    expect(await end()).toMatchObject({ outcome: 'error', stage: 'source', reason: { code: 'unavailable' } });
    await world.startRegistry();
    expect(await toldTwice(freezeSource(world.deps()), event)).toEqual(told); // what is told stays told
  });

  it('leaves everything open when it is stopped in the middle', async () => {
    const stopping = new AbortController();
    stopping.abort(new Error('the service stops'));
    await expect(freezeSource(world.deps())(event, stopping.signal)).rejects.toThrow();
    expect(await end()).toBeUndefined();
    expect(typesOf(await toldTwice(freezeSource(world.deps()), event))).toContain(eventTypes.buildQueued);
  });

  it('does not begin when a newer change is known, and ends the run as superseded', async () => {
    await world.change(world.commit({}), { sequence: 2 });
    const told = await toldTwice(freezeSource(world.deps()), event);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunFinished]);
    expect(await end()).toMatchObject({ outcome: 'cancel', reason: { code: 'superseded' }, endedBy: 'bootstrapper' });
    expect(world.stored).toEqual([]);
    expect(await world.ledger.read(planKey(event.data.customData.run, planSchema))).toBeUndefined();
  });

  it('tells again what was frozen before the newer change came', async () => {
    const told = eventsOf(await freezeSource(world.deps())(event, unaborted));
    await world.change(world.commit({}), { sequence: 2 });
    expect(await toldTwice(freezeSource(world.deps()), event)).toEqual(told);
  });

  it('does nothing for a run that somebody has ended, who tells of it', async () => {
    const work = {
      run: event.data.customData,
      stage: 'test',
      service: 'test-runner',
      now: '2026-01-02T03:04:05Z',
    } as const;
    await endRun(world.ledger, endOf(work, 'cancel', { code: 'cancelled', message: 'somebody asked' }));
    expect(await toldTwice(freezeSource(world.deps()), event)).toEqual([]);
    expect(world.stored).toEqual([]);
    expect(await world.ledger.read(stageEndedKey({ ...event.data.customData, stage: 'source' }))).toBeUndefined();
  });
});
