import { eventTypes, newRunId } from '@keelson/events';
import { beginKey, endKey, endOf, endRun, openKey } from '@keelson/ledger';
import { TerminalError } from '@keelson/stage';
import { toldTwice, typesOf } from '@keelson/testbed';
import { unaborted } from '@keelson/work-testing';
import { cancelled } from './cancelled.contract';
import { time, World } from './runner-fixture.contract';
import type { Published } from './deps';
import { cancelRun } from './stage';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.end());
const openOf = ({ data }: Published) =>
  world.ledger.read(openKey('test-runner', { ...data.customData, stage: 'test' }));
const endOfRun = (run: string, attempt = 1) => world.ledger.read(endKey(run, attempt));

describe('a published image', () => {
  it('has its test queued, and told the same however often it is told', async () => {
    const event = await world.published('exit 0');
    const told = await toldTwice(world.queue, event);
    const open = await openOf(event);
    expect(open?.event).toEqual(event);
    expect(typesOf(told)).toEqual([eventTypes.testSuiteRunQueued]);
    expect(told[0]?.time).toBe(open?.openedAt);
    expect(await toldTwice(world.queue, event)).toEqual(told);
    expect(await world.ledger.open('test-runner')).toHaveLength(1);
  });

  it('has it told as ended once it has, and nothing opened again', async () => {
    const event = await world.published('exit 3');
    await toldTwice(world.queue, event);
    const runner = world.process();
    await runner.idle();
    const told = await toldTwice(world.queue, event);
    expect(told).toEqual(runner.told.slice(-2));
    expect(typesOf(told)).toEqual([eventTypes.testSuiteRunFinished, eventTypes.pipelineRunFinished]);
    expect(await openOf(event)).toBeUndefined();
  });

  it('leaves nothing open for ever when it is told at the very moment its test ends', async () => {
    const event = await world.published('exit 0');
    await toldTwice(world.queue, event);
    const runner = world.process();
    await runner.idle();
    const before = runner.told.slice(-2);
    // The stage had looked before the end was written, and opens the record after it was closed.
    const key = openKey('test-runner', { ...event.data.customData, stage: 'test' });
    await world.ledger.write(key, { event, openedAt: time });
    await runner.idle();
    expect(runner.told.slice(-2)).toEqual(before);
    expect(await runner.jobs.list()).toEqual([]);
  });

  it('ends green, untested, when the pipeline file says so', async () => {
    const event = await world.published('', { test: 'none' });
    const told = await toldTwice(world.queue, event);
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunFinished]);
    const end = await endOfRun(event.data.customData.run);
    expect(end).toMatchObject({ outcome: 'success', reason: { code: 'no-test' }, endedAt: told[0]?.time });
    expect(await openOf(event)).toBeUndefined();
  });

  it('of somebody else is tested by the plan of whoever built it, else it needs a cluster', async () => {
    const ours = await world.published('exit 0');
    const theirs = (digest: string): Published => {
      const event = structuredClone(ours);
      event.data.customData = {
        ...event.data.customData,
        run: newRunId(),
        source: 'localhost:1/copy',
        ref: 'refs/tags/x',
      };
      event.data.customData.image = { repository: 'localhost:1/copy', digest };
      return event;
    };
    const copied = theirs(ours.data.customData.image.digest);
    expect(typesOf(await toldTwice(world.queue, copied))).toEqual([eventTypes.testSuiteRunQueued]);
    const foreign = theirs(`sha256:${'f'.repeat(64)}`);
    expect(typesOf(await toldTwice(world.queue, foreign))).toEqual([eventTypes.pipelineRunFinished]);
    const end = await endOfRun(foreign.data.customData.run);
    expect(end).toMatchObject({ outcome: 'error', reason: { code: 'needs-cluster' } });
  });

  it('is not tested when a newer change is known, nor when its run has ended', async () => {
    const [older, ended] = [await world.published('exit 0'), await world.published('exit 0', { sequence: 2 })];
    expect(typesOf(await toldTwice(world.queue, older))).toEqual([eventTypes.pipelineRunFinished]);
    expect(await endOfRun(older.data.customData.run)).toMatchObject({ reason: { code: 'superseded' } });
    const work = { run: ended.data.customData, stage: 'build', service: 'image-builder', now: time } as const;
    await endRun(world.ledger, endOf(work, 'cancel', { code: 'x', message: 'x' }));
    expect(await toldTwice(world.queue, ended)).toEqual([]);
    expect(await world.ledger.open('test-runner')).toEqual([]);
  });
});

describe('a run that somebody cancels', () => {
  const cancel = () => cancelRun(world.deps({ jobs: undefined as never }));

  it('ends now, and is told the same however often it is asked for', async () => {
    const { run } = await world.queued('exit 0');
    const told = await toldTwice(cancel(), cancelled(run));
    expect(typesOf(told)).toEqual([eventTypes.pipelineRunFinished]);
    expect(await endOfRun(run)).toMatchObject({
      outcome: 'cancel',
      reason: { code: 'cancelled' },
      endedAt: told[0]?.time,
    });
  });

  it('ends in its newest attempt, and keeps the ends of the others', async () => {
    const run = await world.queued('exit 0');
    await endRun(world.ledger, endOf({ run, stage: 'test', service: 'test-runner', now: time }, 'error'));
    const begin = await world.ledger.read(beginKey(run.run, 1));
    await world.ledger.write(beginKey(run.run, 2), { ...begin!, attempt: 2, openedBy: 'command' });
    await toldTwice(cancel(), cancelled(run.run));
    expect(await endOfRun(run.run, 1)).toMatchObject({ outcome: 'error' });
    expect(await endOfRun(run.run, 2)).toMatchObject({ outcome: 'cancel' });
  });

  it('stays as it is when it has ended', async () => {
    const run = await world.queued('exit 0');
    await endRun(world.ledger, endOf({ run, stage: 'build', service: 'image-builder', now: time }, 'failure'));
    expect(await toldTwice(cancel(), cancelled(run.run))).toEqual([]);
    expect(await endOfRun(run.run)).toMatchObject({ outcome: 'failure' });
  });

  it('is refused when there is none', async () => {
    await expect(cancel()(cancelled(newRunId()), unaborted)).rejects.toThrow(TerminalError);
  });
});
