import { readFileSync } from 'node:fs';
import path from 'node:path';
import { eventTypes } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { beginKey, endKey, logPrefix, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { readManifest } from '@keelson/logs';
import { typesOf } from '@keelson/testbed';
import type { WorkProcess } from './testing/work-process.contract';
import { service, Workshop } from './testing/workshop.contract';
import type { BuildQueued } from './testing/workshop.contract';

describe('a service that died', () => {
  let world: Workshop;
  beforeEach(async () => {
    world = await Workshop.open();
  });
  afterEach(() => world.end());
  const endedOf = (run: RunData) => world.ledger.read(stageEndedKey({ ...run, stage: 'build' }));
  const endOf = ({ run, attempt }: RunData) => world.ledger.read(endKey(run, attempt));
  const manifest = ({ run, attempt }: RunData) =>
    readManifest({ store: world.ledger.store, prefix: logPrefix({ run, attempt, stage: 'build' }) });
  const finished = [eventTypes.buildFinished, eventTypes.pipelineRunFinished];

  /** A script that counts its runs, says something, and leaves a file. */
  const queued = (more = ':') => {
    const script = `echo ran >> ${world.file('ran')}; echo begun; ${more}; echo kept > file; echo done; exit 3`;
    return world.queued(script, { artifacts: ['file'] });
  };

  /** Ends what is open in a new process, and checks that it ended as if nothing had been. */
  async function endsWell(run: RunData): Promise<WorkProcess<BuildQueued>> {
    const next = world.process();
    await next.idle();
    expect(world.read('ran')).toBe('ran\n');
    expect(await endedOf(run)).toMatchObject({
      ...{ outcome: 'failure', exitCode: 3, log: { lines: 2, complete: true } },
      artifacts: [{ path: 'file', sizeBytes: 5 }],
    });
    expect(await world.log(run)).toBe('begun\ndone');
    expect(await manifest(run)).toMatchObject({ lines: 2, complete: true });
    expect(await endOf(run)).toMatchObject({ outcome: 'failure', reason: { code: 'exit-code' } });
    expect(await world.ledger.attempts(run.run)).toEqual([1]);
    expect(await next.jobs.list()).toEqual([]);
    return next;
  }

  it('before anything begins its job afterwards', async () => {
    const run = await queued();
    await world.process().die();
    expect(typesOf((await endsWell(run)).told)).toEqual([eventTypes.buildStarted, ...finished]);
  });

  it('when the job had begun and nothing was recorded goes on with that job, and tells that it began', async () => {
    const run = await queued(`while [ ! -e ${world.file('go')} ]; do sleep 0.02; done`);
    const runner = world.process();
    const [state] = await runner.list();
    await runner.report(state!); // and dies before testsuiterun.started is published
    await world.ledger.store.delete(stageStartedKey({ ...run, stage: 'build' }).path); // or even before it is recorded
    await runner.die();
    world.read('go');
    const next = await endsWell(run);
    expect(typesOf(next.told)).toEqual([eventTypes.buildStarted, ...finished]);
  });

  it('while its job ran follows it to the end, no line lost and none doubled', async () => {
    const run = await queued(`while [ ! -e ${world.file('go')} ]; do sleep 0.02; done`);
    const runner = world.process();
    await runner.until('some output is kept', async () => (await world.log(run)) === 'begun');
    await runner.die();
    world.read('go');
    await endsWell(run);
  });

  it('when the job had ended and its log was not sealed keeps what was left', async () => {
    const run = await queued();
    const runner = world.process();
    const [state] = await runner.list();
    await runner.report(state!);
    await runner.observer.mark(state!);
    await runner.die();
    await endsWell(run);
  });

  it('when the log was sealed and nothing else recorded tells the verdict', async () => {
    const run = await queued();
    const runner = world.process();
    await runner.seen('ended');
    await runner.die();
    expect(await manifest(run)).toMatchObject({ complete: true });
    expect(typesOf((await endsWell(run)).told)).toEqual([eventTypes.buildStarted, ...finished]);
  });

  it('when the log was sealed without the rest that is not kept tells the verdict', async () => {
    const run = await queued();
    const limited = { logLimitBytes: 8 };
    const runner = world.process(limited);
    await runner.seen('ended');
    await runner.die();
    const next = world.process(limited);
    await next.idle();
    expect(await endedOf(run)).toMatchObject({ outcome: 'failure', log: { lines: 1, complete: false } });
    expect(await manifest(run)).toMatchObject({ gaps: [{ fromLine: 1, reason: expect.stringContaining('8 bytes') }] });
  });

  it.each(['the verdict', 'the end of the run'])(
    'when %s was recorded and not published tells the same events',
    async (what) => {
      const run = await queued();
      const runner = world.process();
      const ended = await runner.seen('ended');
      const events = await runner.report(ended);
      expect(await runner.report(ended)).toEqual(events);
      if (what === 'the verdict') await world.ledger.store.delete(endKey(run.run, 1).path);
      await runner.die();
      expect((await endsWell(run)).told).toEqual(events);
    },
  );

  it('when everything was published and the job not yet removed removes it', async () => {
    const run = await queued();
    const runner = world.process();
    const ended = await runner.seen('ended');
    await runner.report(ended);
    runner.jobs.remove = () => Promise.reject(new Error('died'));
    await expect(runner.observer.mark(ended)).rejects.toThrow('died');
    await runner.die();
    await endsWell(run); // which looks that there is no job
  });

  it('whose job somebody removed meanwhile tells it as lost, and begins it again as another attempt', async () => {
    const run = await world.queued('echo begun; [ $KEELSON_ATTEMPT = 2 ] || sleep 600');
    const runner = world.process({ retryDelaysMs: [0] });
    await runner.until('it has begun', async () => (await world.log(run)) === 'begun');
    await runner.until('that is told', () => runner.told.some(({ type }) => type === eventTypes.buildStarted));
    const [job] = await runner.jobs.list();
    await runner.jobs.remove(job!.name);
    await runner.idle();
    expect(await endedOf(run)).toMatchObject({ outcome: 'error', reason: { code: 'lost' }, log: { lines: 1 } });
    expect(await endedOf({ ...run, attempt: 2 })).toMatchObject({ outcome: 'success' });
    expect(await world.ledger.attempts(run.run)).toEqual([1, 2]);
  });

  it('when an error of ours was recorded opens the next attempt once', async () => {
    const run = await world.queued('kill -KILL $$');
    const runner = world.process();
    const ended = await runner.seen('ended');
    const events = await runner.report(ended);
    const begin = await world.ledger.read(beginKey(run.run, 2));
    await runner.die();
    const next = world.process();
    await next.until('the first attempt is told', () => next.told.length > 0);
    expect(next.told).toEqual(events);
    expect(await world.ledger.read(beginKey(run.run, 2))).toEqual(begin);
    expect(await world.ledger.open(service)).toHaveLength(1);
  });

  it.each([
    ['before', false],
    ['after', true],
  ])(
    'together with its jobs has them told as lost, what is missing of their output named, and tried again: %s that is sealed',
    async (_when, isSealed) => {
      const run = await world.queued('echo begun; [ $KEELSON_ATTEMPT = 2 ] || sleep 600');
      const runner = world.process();
      await runner.until('some output is kept', async () => (await world.log(run)) === 'begun');
      const [job] = await runner.jobs.list();
      const status = readFileSync(path.join(world.root, 'jobs', job!.name, 'status.json'), 'utf8');
      process.kill((JSON.parse(status) as { supervisor: { pid: number } }).supervisor.pid, 'SIGKILL');
      if (isSealed) await runner.seen('ended');
      await runner.die();
      const next = world.process();
      await next.until('the first attempt has ended', async () => (await endOf(run)) !== undefined);
      expect(await endOf(run)).toMatchObject({ outcome: 'error', reason: { code: 'lost' } });
      expect(await endedOf(run)).toMatchObject({ log: { lines: 1, complete: false } });
      expect(await manifest(run)).toMatchObject({
        complete: false,
        gaps: [{ fromLine: 1, reason: expect.stringContaining('supervisor') }],
      });
      world.laterMs = 60_000;
      await next.idle();
      expect(await endOf({ ...run, attempt: 2 })).toMatchObject({ outcome: 'success' });
    },
  );
});
