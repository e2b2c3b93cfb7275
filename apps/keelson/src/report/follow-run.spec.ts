import type { Event } from '@keelson/events';
import { Ledger } from '@keelson/ledger';
import { DirObjectStore } from '@keelson/objects';
import {
  buildFinished,
  buildStarted,
  newDirectory,
  plan,
  runFinished,
  runOf,
  testFinished,
  testStarted,
  unaborted,
  writeLog,
} from '../fixture.contract';
import { RunFollower } from './follow-run';
import type { LogOrigin, Reporter } from './reporter';

/** Keeps what it is told. */
class Heard implements Reporter {
  readonly told: string[] = [];
  event = async (event: Event) => void this.told.push(event.type.split('.').slice(2, 4).join('.'));
  readonly origins: LogOrigin[] = [];
  logLine = async (of: LogOrigin, { bytes }: { bytes: Uint8Array }) => {
    this.told.push(Buffer.from(bytes).toString());
    this.origins.push(of);
  };
  notice = async (_about: string, message: string) => void this.told.push(message);
  fact = this.notice;
}

const lines = (...texts: string[]) => texts.map((text) => ({ bytes: Buffer.from(text) }));
const run = runOf(1);

async function newFollower() {
  const ledger = new Ledger(await DirObjectStore.open(newDirectory()));
  const reporter = new Heard();
  return { ledger, reporter, runs: new RunFollower({ store: ledger.store, reporter }) };
}

describe('following a run', () => {
  it('tells the output between the start and the end of its test', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await runs.event(testStarted(run), unaborted);
    await writeLog(ledger, run, { lines: lines('one', 'two') });
    await runs.event(testFinished(run), unaborted);
    await runs.event(runFinished(run, { outcome: 'success' }), unaborted);
    expect(reporter.told).toEqual([
      ...['testsuiterun.started', 'one', 'two'],
      ...['testsuiterun.finished', 'pipelinerun.finished'],
    ]);
  });

  it('tells the output of a build that is a job, and then that of its test', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await plan(ledger, run, 'build: { strategy: kaniko }\ntest: { command: [a] }');
    await runs.event(buildStarted(run), unaborted);
    await writeLog(ledger, run, { lines: lines('built'), stage: 'build' });
    await runs.event(buildFinished(run), unaborted);
    await runs.event(testStarted(run), unaborted);
    await writeLog(ledger, run, { lines: lines('tested') });
    await runs.event(testFinished(run), unaborted);
    expect(reporter.told).toEqual([
      ...['build.started', 'built', 'build.finished'],
      ...['testsuiterun.started', 'tested', 'testsuiterun.finished'],
    ]);
    expect(reporter.origins).toMatchObject([{ stage: 'build', builder: 'kaniko' }, { stage: 'test' }]);
  });

  it('looks for no output of a build that has none', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await plan(ledger, run, 'test: { command: [a] }');
    await writeLog(ledger, run, { lines: lines('nobody wrote this'), stage: 'build' });
    for (const event of [buildStarted(run), buildFinished(run)]) await runs.event(event, unaborted);
    expect(reporter.told).toEqual(['build.started', 'build.finished']);
  });

  it('does not wait for a log that nobody sealed', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await runs.event(testStarted(run), unaborted);
    const writer = await writeLog(ledger, run, { lines: lines('one'), isSealed: false });
    await writer.close();
    await runs.event(testFinished(run), unaborted);
    expect(reporter.told.at(-1)).toBe('testsuiterun.finished');
  });

  it('tells a test that was started before from the beginning of its output', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await writeLog(ledger, run, { lines: lines('one', 'two') });
    await runs.follow({ ...run, stage: 'test' }, unaborted);
    await runs.event(testFinished(run), unaborted);
    expect(reporter.told).toEqual(['one', 'two', 'testsuiterun.finished']);
  });

  it('tells output once when its start is told twice', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await writeLog(ledger, run, { lines: lines('one') });
    await runs.follow({ ...run, stage: 'test' }, unaborted);
    await runs.follow({ ...run, stage: 'test' }, unaborted);
    await runs.event(testFinished(run), unaborted);
    expect(reporter.told).toEqual(['one', 'testsuiterun.finished']);
  });

  it('says so when the output cannot be read', async () => {
    const { ledger, reporter, runs } = await newFollower();
    await writeLog(ledger, run, { lines: lines('one') });
    await ledger.store.delete(`logs/${run.run}/1/test/000000`);
    await runs.follow({ ...run, stage: 'test' }, unaborted);
    await runs.event(testFinished(run), unaborted);
    expect(reporter.told[0]).toMatch(/its output cannot be shown: .*missing/);
  });
});
