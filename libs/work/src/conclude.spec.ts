import { eventTypes } from '@keelson/events';
import { endKey, stageEndedKey } from '@keelson/ledger';
import { typesOf } from '@keelson/testbed';
import { Workshop } from './testing/workshop.contract';

describe('work that is not the last of its run', () => {
  let world: Workshop;
  beforeEach(async () => {
    world = await Workshop.open();
    world.endsRun = false;
  });
  afterEach(() => world.end());

  it('tells its success and leaves the run to the next stage', async () => {
    const run = await world.queued('exit 0');
    const runner = world.process();
    await runner.idle();
    expect(typesOf(runner.told)).toEqual([eventTypes.buildStarted, eventTypes.buildFinished]);
    expect(await world.ledger.read(stageEndedKey({ ...run, stage: 'build' }))).toMatchObject({ outcome: 'success' });
    expect(await world.ledger.read(endKey(run.run, 1))).toBeUndefined();
  });

  it('tells it again after a crash, and still does not end the run', async () => {
    const run = await world.queued('exit 0');
    const runner = world.process();
    const ended = await runner.seen('ended');
    const events = await runner.report(ended);
    await runner.die();
    const next = world.process();
    await next.idle();
    expect(next.told).toEqual(events);
    expect(await world.ledger.read(endKey(run.run, 1))).toBeUndefined();
  });

  it('ends the run when it fails', async () => {
    const run = await world.queued('exit 3');
    await world.process().idle();
    expect(await world.ledger.read(endKey(run.run, 1))).toMatchObject({ outcome: 'failure', stage: 'build' });
  });
});
