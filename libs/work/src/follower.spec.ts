import { JobsError } from '@keelson/jobs';
import { logPrefix, stageEndedKey } from '@keelson/ledger';
import { readManifest } from '@keelson/logs';
import { Workshop } from './testing/workshop.contract';

let world: Workshop;
beforeEach(async () => {
  world = await Workshop.open();
});
afterEach(() => world.end());

test('the output of a job that is not there any more ends with a word about what is missing', async () => {
  const run = await world.queued('echo begun; sleep 600');
  const runner = world.process({ retryDelaysMs: [] });
  await runner.until('it has begun', async () => (await world.log(run)) === 'begun');
  await runner.until('that is told', () => runner.told.length > 0);
  await runner.die();
  const next = world.process({ retryDelaysMs: [] });
  // As a cluster answers when somebody has removed the Job.
  const noSuchJob = new JobsError('there is no such job', false);
  next.jobs.list = () => Promise.resolve([]);
  next.jobs.files = () => Promise.reject(noSuchJob);
  next.jobs.log = async function* () {
    yield* [];
    throw noSuchJob;
  };
  await next.idle();
  const ended = await world.ledger.read(stageEndedKey({ ...run, stage: 'build' }));
  expect(ended).toMatchObject({ outcome: 'error', reason: { code: 'lost' }, log: { lines: 1, complete: false } });
  const log = await readManifest({ store: world.ledger.store, prefix: logPrefix({ ...run, stage: 'build' }) });
  expect(log?.gaps).toEqual([{ fromLine: 1, reason: expect.stringContaining('the job was removed while it ran') }]);
});

describe('the files of a job that has ended', () => {
  /** What is recorded of a job whose files are first refused. */
  async function endedAfter(...refusals: Error[]) {
    const run = await world.queued('echo kept > file', { artifacts: ['file'] });
    const runner = world.process();
    const files = runner.jobs.files.bind(runner.jobs);
    runner.jobs.files = (name) => (refusals.length > 0 ? Promise.reject(refusals.shift()!) : files(name));
    await runner.idle();
    return world.ledger.read(stageEndedKey({ ...run, stage: 'build' }));
  }
  const notYet = new JobsError('it has not ended: its files may still change', true);

  it('are asked for again while nobody can tell them yet', async () => {
    const record = await endedAfter(notYet, notYet);
    expect(record).toMatchObject({ outcome: 'success', artifacts: [{ path: 'file', sizeBytes: 5 }] });
    expect(record?.warnings ?? []).toEqual([]);
  });

  it('are done without when no further try would mend it, which is said', async () => {
    const record = await endedAfter(notYet, new JobsError('not all could be uploaded', false));
    expect(record).toMatchObject({ outcome: 'success', artifacts: [] });
    expect(record?.warnings).toEqual(['artifacts could not be kept: not all could be uploaded']);
  });
});
