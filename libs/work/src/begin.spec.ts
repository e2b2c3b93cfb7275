import { setTimeout as sleep } from 'node:timers/promises';
import { eventTypes } from '@keelson/events';
import type { JobState } from '@keelson/jobs';
import { stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { until } from './testing/work-process.contract';
import { service, Workshop } from './testing/workshop.contract';
import { workAtHand } from './work-at-hand';

describe('a job that has to wait for a machine', () => {
  let world: Workshop;
  beforeEach(async () => {
    world = await Workshop.open();
  });
  afterEach(() => world.end());
  const begun = ({ type }: { type: string }) => type === eventTypes.buildStarted;
  const atHand = async () => {
    const { running, waiting } = await workAtHand(world.ledger, { service, stage: 'build' });
    return { running: running.length, waiting: waiting.length };
  };

  /** A process whose jobs are told as waiting, as a cluster does, until they are let go. */
  function crowded() {
    const runner = world.process();
    const { jobs } = runner;
    const list = jobs.list.bind(jobs);
    const haveEnded = async () => (await list()).every(({ phase }) => phase === 'ended');
    const state = { isFull: true, runner, haveEnded };
    const waiting = ({ name }: JobState): JobState => ({ name, phase: 'waiting', waitingFor: 'no machine takes it' });
    jobs.list = async () => (state.isFull ? (await list()).map(waiting) : list());
    return state;
  }

  it('is told to have begun once, when it has', async () => {
    const run = await world.queued(`while [ ! -e ${world.file('go')} ]; do sleep 0.02; done`);
    const crowd = crowded();
    const { runner } = crowd;
    for (let looks = 0; looks < 5; looks += 1) await runner.pass();
    expect(runner.told).toEqual([]);
    expect(await world.ledger.read(stageStartedKey({ ...run, stage: 'build' }))).toBeUndefined();
    expect(await atHand()).toEqual({ running: 0, waiting: 1 });

    crowd.isFull = false;
    for (let looks = 0; looks < 5; looks += 1) await runner.pass();
    expect(runner.told.filter(begun)).toHaveLength(1);
    expect(await atHand()).toEqual({ running: 1, waiting: 0 });
    world.read('go');
    await runner.idle();
    expect(runner.told.filter(begun)).toHaveLength(1);
  });

  it('is told to have begun before it is told to have ended, however quick it was', async () => {
    const run = await world.queued('exit 0');
    const crowd = crowded();
    await crowd.runner.pass();
    await until('it has ended meanwhile', crowd.haveEnded);
    crowd.isFull = false;
    await crowd.runner.idle();
    expect(crowd.runner.told.map(({ type }) => type)).toEqual([
      ...[eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.pipelineRunFinished],
    ]);
    const started = await world.ledger.read(stageStartedKey({ ...run, stage: 'build' }));
    expect(await world.ledger.read(stageEndedKey({ ...run, stage: 'build' }))).toMatchObject({
      ...{ outcome: 'success', startedAt: started?.startedAt },
    });
  });

  it('is looked at when something becomes of it, without waiting for the next interval', async () => {
    await world.queued('sleep 600');
    const crowd = crowded();
    const isTold = () => Promise.resolve(crowd.runner.told.some(begun));
    const freed = sleep(500).then(() => {
      crowd.isFull = false;
      return crowd.runner.jobs.ensure({
        ...{ name: 'another', image: 'x@sha256:0', command: ['true'], env: {}, workdir: '/src' },
        ...{ timeoutMs: 60_000, artifacts: [] },
      });
    });
    await crowd.runner.byHints(isTold);
    await freed;
  });
});
