import { eventTypes } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { JobsError } from '@keelson/jobs';
import { changeKey, endKey, endOf, endRun, runName, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { source, ref, time, service, Workshop } from './testing/workshop.contract';

describe('the queue', () => {
  let world: Workshop;
  beforeEach(async () => {
    world = await Workshop.open();
  });
  afterEach(() => world.end());
  const endOfRun = ({ run, attempt }: RunData) => world.ledger.read(endKey(run, attempt));
  const endedOf = ({ run, attempt }: RunData) => world.ledger.read(stageEndedKey({ run, attempt, stage: 'build' }));
  /** A script that goes on until it is let go. */
  const waits = (name: string) => `echo begun; while [ ! -e ${world.file(name)} ]; do sleep 0.02; done`;
  const letGo = (name: string) => world.read(name); // which makes the file

  /** A newer change of the ref, of which nothing else is known yet. */
  const newer = (sequence: number, commit: string | null = 'd'.repeat(40)) => {
    const run = `01900000-0000-7000-8000-00000000000${sequence}`;
    const about = { run, name: runName(run), source, ref, sequence, commit, previous: null };
    const more = { kind: commit === null ? ('deleted' as const) : ('advanced' as const), contained: [], seenAt: time };
    return world.ledger.write(changeKey(source, ref, sequence), { ...about, ...more });
  };
  const cancel = (run: RunData) =>
    endRun(
      world.ledger,
      endOf({ run, stage: 'build', service: service, now: time }, 'cancel', {
        code: 'cancelled',
        message: 'asked',
      }),
    );

  it('begins with the oldest run, as many at once as allowed', async () => {
    const script = `echo $KEELSON_RUN >> ${world.file('order')}`;
    const runs: RunData[] = [];
    for (const sequence of [3, 2, 1]) {
      const run = await world.queued(script, { sequence }); // the newest change is the oldest run: none is superseded
      runs.push(run);
    }
    const runner = world.process({ limit: 1 });
    let most = 0;
    await runner.until('nothing is open', async () => {
      most = Math.max(most, (await runner.jobs.list()).filter(({ phase }) => phase === 'running').length);
      return (await world.ledger.open(service)).length === 0;
    });
    expect(most).toBeLessThanOrEqual(1);
    expect((await endOfRun(runs[0]!))?.outcome).toBe('success');
    expect(world.read('order').trim().split('\n')[0]).toBe(runs[0]!.run);
  });

  it('leaves the others waiting while all places are taken', async () => {
    const first = await world.queued(waits('go'), { sequence: 2 });
    const second = await world.queued('exit 0', { sequence: 2 });
    const runner = world.process({ limit: 1 });
    await runner.until('the first one runs', async () => (await runner.jobs.list()).length === 1);
    for (let looks = 0; looks < 5; looks += 1)
      expect((await runner.pass()).map(({ kind }) => kind)).not.toContain('start');
    expect(await endedOf(second)).toBeUndefined();
    letGo('go');
    await runner.idle();
    expect([(await endOfRun(first))?.outcome, (await endOfRun(second))?.outcome]).toEqual(['success', 'success']);
  });

  it('drops work that waits when a newer change is known, and lets one that runs go on', async () => {
    const running = await world.queued(waits('go'));
    const runner = world.process({ limit: 1 });
    await runner.until('it has begun', async () => (await world.log(running)) === 'begun');
    const waiting = await world.queued('exit 0');
    await newer(2);
    await runner.until('the waiting one has ended', async () => (await endOfRun(waiting)) !== undefined);
    expect(await endOfRun(waiting)).toMatchObject({ outcome: 'cancel', reason: { code: 'superseded' } });
    expect(await endedOf(waiting)).toMatchObject({ outcome: 'cancel' });
    expect(await endOfRun(running)).toBeUndefined();
    letGo('go');
    await runner.idle();
    expect(await endOfRun(running)).toMatchObject({ outcome: 'success' });
  });

  it('keeps work when the ref is deleted: nothing newer takes its place', async () => {
    const run = await world.queued('exit 0');
    await newer(2, null);
    await world.process().idle();
    expect(await endOfRun(run)).toMatchObject({ outcome: 'success' });
  });

  it('ends one that runs, too, where that is wanted', async () => {
    // It answers SIGTERM with an orderly exit, which is no verdict.
    const run = await world.queued('trap "echo last; exit 0" TERM; echo begun; while :; do sleep 0.02; done');
    const runner = world.process({ cancelRunning: true });
    await runner.until('it has begun', async () => (await world.log(run)) === 'begun');
    await newer(2);
    await runner.idle();
    expect(await endOfRun(run)).toMatchObject({ outcome: 'cancel', reason: { code: 'superseded' } });
    expect(await endedOf(run)).toMatchObject({ outcome: 'cancel', log: { complete: true } });
    expect(await world.log(run)).toMatch(/^begun\n.*last/s);
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
  });

  it('forgets work that is cancelled while it waits', async () => {
    const run = await world.queued(`echo ran >> ${world.file('ran')}`);
    await cancel(run);
    const runner = world.process();
    await runner.idle();
    expect(await endedOf(run)).toMatchObject({ outcome: 'cancel', reason: { code: 'cancelled' } });
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
    expect(world.read('ran')).toBe('');
  });

  it('ends a job that is cancelled while it runs, with its log sealed and no further attempt', async () => {
    const run = await world.queued(waits('never'));
    const runner = world.process();
    await runner.until('it has begun', async () => (await world.log(run)) === 'begun');
    await cancel(run);
    await runner.idle();
    expect(await endedOf(run)).toMatchObject({
      ...{ outcome: 'cancel', reason: { code: 'cancelled' }, log: { lines: 1, complete: true } },
    });
    expect(runner.told.map(({ type }) => type)).toEqual([
      ...[eventTypes.buildStarted, eventTypes.buildFinished, eventTypes.pipelineRunFinished],
    ]);
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
    expect(await runner.jobs.list()).toEqual([]);
  });

  it('waits for what a job needs to start, by the time since it could, not since it was queued', async () => {
    const run = await world.queued('exit 0');
    world.laterMs = 3_600_000; // an hour in the line
    let isAway = true;
    const materialise = () =>
      isAway ? Promise.reject(new JobsError('the registry is away', true)) : Promise.resolve();
    const runner = world.process({}, { materialise });
    await expect(runner.pass()).rejects.toThrow('the registry is away');
    expect(await endOfRun(run)).toBeUndefined();
    isAway = false;
    await runner.idle();
    expect(await endOfRun(run)).toMatchObject({ outcome: 'success' });
  });

  it('gives up on a job that cannot be started for long, as an error of ours', async () => {
    const run = await world.queued('exit 0');
    const materialise = () => Promise.reject(new JobsError('the registry is away', true));
    const runner = world.process({}, { materialise });
    await expect(runner.pass()).rejects.toThrow('the registry is away');
    world.laterMs = 600_000;
    await runner.until('it has ended', async () => (await endOfRun(run)) !== undefined);
    expect(await endOfRun(run)).toMatchObject({ outcome: 'error', reason: { code: 'not-started' } });
    expect(await world.ledger.attempts(run.run)).toEqual([1, 2]);
  });

  it('fails at once when what is asked for can never start', async () => {
    const run = await world.queued('exit 0');
    const fault = new JobsError('the job asks for services: that needs a cluster', false, { fault: 'user' });
    const runner = world.process({}, { materialise: () => Promise.reject(fault) });
    await runner.idle();
    expect(await endOfRun(run)).toMatchObject({
      outcome: 'failure',
      reason: { code: 'not-started', message: expect.stringContaining('services') },
    });
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
  });

  it('looks by itself when a job has ended, and when it may be started again', async () => {
    const run = await world.queued('kill -KILL $$');
    const runner = world.process({ retryDelaysMs: [50] });
    await runner.byHints(async () => (await endOfRun({ ...run, attempt: 2 })) !== undefined);
    expect(await world.ledger.attempts(run.run)).toEqual([1, 2]);
  });

  it('starts a job later whose namesake of an earlier process is still being removed', async () => {
    const run = await world.queued('exit 0');
    const runner = world.process();
    const { jobs } = runner;
    const ensure = jobs.ensure.bind(jobs);
    jobs.ensure = () => Promise.resolve('deleting');
    await expect(runner.pass()).rejects.toThrow(JobsError);
    expect(await world.ledger.read(stageStartedKey({ ...run, stage: 'build' }))).toBeUndefined();
    jobs.ensure = ensure;
    await runner.idle();
    expect(await endOfRun(run)).toMatchObject({ outcome: 'success' });
  });
});
