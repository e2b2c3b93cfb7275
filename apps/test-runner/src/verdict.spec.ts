import { eventTypes } from '@keelson/events';
import type { RunData } from '@keelson/events';
import { endKey, readArtifact, runName, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { typesOf } from '@keelson/testbed';
import { World } from './runner-fixture.contract';
import type { Asked } from './runner-fixture.contract';

describe('a test', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());
  const endOf = ({ run, attempt }: RunData) => world.ledger.read(endKey(run, attempt));
  const endedOf = ({ run, attempt }: RunData) => world.ledger.read(stageEndedKey({ run, attempt, stage: 'test' }));

  /** Runs it to its end. */
  async function tested(script: string, asked: Asked = {}) {
    const run = await world.queued(script, asked);
    const runner = world.process({ retryDelaysMs: [] });
    await runner.idle();
    const [end, ended] = [(await endOf(run))!, (await endedOf(run))!];
    expect(typesOf(runner.told)).toEqual([
      ...[eventTypes.testSuiteRunStarted, eventTypes.testSuiteRunFinished, eventTypes.pipelineRunFinished],
    ]);
    const { outcome, reason, endedAt } = ended;
    const told = { time: endedAt, data: { customData: { outcome, ...(reason === undefined ? {} : { reason }) } } };
    expect(runner.told.slice(1)).toMatchObject([told, told]);
    expect(end).toMatchObject({ outcome, stage: 'test', endedAt });
    expect(await runner.jobs.list()).toEqual([]); // nothing is left of it but what is kept
    return { run, runner, ended, code: reason?.code, message: reason?.message ?? '', outcome };
  }

  it('that ends well makes the run green, its output kept line by line', async () => {
    const { run, runner, ended } = await tested('echo one; echo two >&2; printf three');
    expect(ended).toMatchObject({ outcome: 'success', exitCode: 0, log: { lines: 3, bytes: 13, complete: true } });
    expect(await world.log(run)).toBe('one\ntwo\nthree');
    const started = await world.ledger.read(stageStartedKey({ ...run, stage: 'test' }));
    expect(runner.told[0]?.time).toBe(started?.startedAt);
    expect(ended.startedAt).toBe(started?.startedAt);
    expect(world.warnings).toEqual([]);
  });

  it('that ends with another exit code makes it red', async () => {
    const { ended, code, message } = await tested('echo no; exit 3');
    expect({ ...ended, code }).toMatchObject({ outcome: 'failure', exitCode: 3, code: 'exit-code', log: { lines: 1 } });
    expect(message).toContain('3');
  });

  it('that takes longer than its timeout makes it red, and is ended', async () => {
    const { run, outcome, code, message } = await tested('echo begun; exec sleep 600', { test: { timeoutMs: 5_000 } });
    expect({ outcome, code }).toEqual({ outcome: 'failure', code: 'timeout' });
    expect(message).toContain('5 s');
    expect(await world.log(run)).toBe('begun');
  });

  it('that Keelson cut short because it ended is an error that says so', async () => {
    const run = await world.queued('echo begun; sleep 600');
    const runner = world.process();
    await runner.until('it runs', async () => (await world.log(run)) === 'begun');
    await runner.die();
    const last = world.process({ retryDelaysMs: [] });
    await last.jobs.close(); // as the orderly end does
    await last.idle();
    expect(await endedOf(run)).toMatchObject({ outcome: 'error', reason: { code: 'stopped' } });
  });

  it('whose command is not there makes it red, and names it', async () => {
    const { ended, code, message } = await tested('', { test: { command: ['./nowhere.sh'] } });
    expect({ ...ended, code }).toMatchObject({
      outcome: 'failure',
      code: 'unstartable',
      log: { lines: 0, complete: true },
    });
    expect(message).toContain('./nowhere.sh');
  });

  it.each([
    { signal: 'SEGV', end: { outcome: 'failure', code: 'signal' } },
    { signal: 'KILL', end: { outcome: 'error', code: 'killed' } },
  ])('that dies by SIG$signal has that outcome: $end.outcome', async ({ signal, end }) => {
    expect(await tested(`echo begun; kill -${signal} $$; sleep 600`)).toMatchObject(end);
  });

  it('knows what it is a test of', async () => {
    const { run } = await tested('env | grep -E "^(KEELSON_[A-Z_]*|CI|LEVEL)=" | grep -v KEELSON_JOB | sort', {
      test: { env: { LEVEL: 'debug' } },
    });
    const digest = (await world.ledger.store.listSegments('images/localhost%3A1%2Fwidget/'))[0]!;
    expect((await world.log(run)).split('\n')).toEqual([
      'CI=true',
      'KEELSON_ATTEMPT=1',
      `KEELSON_COMMIT=${run.commit}`,
      `KEELSON_IMAGE=localhost:1/widget@${decodeURIComponent(digest).replace('/', '')}`,
      'KEELSON_REF=refs/heads/main',
      `KEELSON_RUN=${run.run}`,
      `KEELSON_RUN_NAME=${runName(run.run)}`,
      'KEELSON_SOURCE=/repositories/widget',
      'LEVEL=debug',
    ]);
  });

  it('has the files it asks for kept, red or green', async () => {
    const script = 'mkdir dist; printf built > dist/app; printf other > left; exit 1';
    const { ended, outcome } = await tested(script, { test: { artifacts: ['dist/*'] } });
    expect(outcome).toBe('failure');
    expect(ended.artifacts).toMatchObject([{ path: 'dist/app', sizeBytes: 5 }]);
    const kept = [];
    for await (const bytes of readArtifact(world.ledger.store, ended.artifacts![0]!)) kept.push(bytes);
    expect(Buffer.concat(kept).toString()).toBe('built');
    expect(ended.warnings).toEqual([]);
  });
});
