import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { processIdentity } from '@keelson/process';
import { follow, jobSpec, run, sh, stateOf, textOf, unaborted, until, untilEnded } from './jobs-harness.contract';
import type { Jobs } from './jobs';
import { compiled, processHarness, scratch } from './process-harness.contract';
import type { ProcessHarness } from './process-harness.contract';

describe('jobs whose supervisor was killed', () => {
  const code = compiled();
  const outside = scratch();
  let harness: ProcessHarness;

  beforeEach(async () => {
    harness = await processHarness(code.supervisorPath);
  });
  afterEach(() => harness.end());
  afterAll(() => {
    for (const directory of [code.directory, outside]) rmSync(directory, { recursive: true });
  });

  const statusOf = (name: string) =>
    JSON.parse(readFileSync(path.join(harness.directory, name, 'status.json'), 'utf8'));
  const pidIn = (file: string) => Number(readFileSync(path.join(outside, file), 'utf8'));
  const waitFor = (file: string) =>
    until(`${file} is written`, () => existsSync(path.join(outside, file)) && pidIn(file) > 0);

  /** A job that runs, with a child in its group and one that has left it. */
  async function begun(jobs: Awaited<ReturnType<ProcessHarness['open']>>, prefix: string): Promise<string> {
    const text = `echo said; setsid sh -c 'echo $$ > $OUT/${prefix}-daemon; sleep 600' & echo $$ > $OUT/${prefix}-main; sleep 600`;
    const spec = jobSpec(harness, sh(text), { env: { OUT: outside } });
    await jobs.ensure(spec);
    await waitFor(`${prefix}-daemon`);
    await waitFor(`${prefix}-main`);
    const lines = follow(jobs, spec.name);
    expect(await lines.next()).toBe('said');
    await lines.end();
    return spec.name;
  }

  /** All that is told of a job's output. */
  async function outputOf(jobs: Jobs, name: string): Promise<string[]> {
    const output: string[] = [];
    for await (const entry of jobs.log(name, { skipLines: 0 }, unaborted))
      output.push('gap' in entry ? `missing: ${entry.gap}` : textOf(entry));
    return output;
  }

  it('are ended as lost, with everything they had started, and not run again', async () => {
    const jobs = await harness.open();
    const name = await begun(jobs, 'a');
    const { supervisor, temp } = statusOf(name);
    process.kill(supervisor.pid, 'SIGKILL');
    const { end } = await untilEnded(jobs, name);
    expect(end.kind).toBe('lost');
    expect(end).toMatchObject({ message: expect.stringContaining(name) });
    for (const file of ['a-main', 'a-daemon']) expect(processIdentity(pidIn(file))).toBeUndefined();
    expect(await outputOf(jobs, name)).toEqual(['said', `missing: ${(end as { message: string }).message}`]);
    expect(await jobs.ensure(jobSpec(harness, sh('echo again'), { name }))).toBe('exists');
    const other = await harness.open();
    expect((await stateOf(other, name))?.end).toEqual(end);
    await until('its temporary files are gone', () => !existsSync(temp));
  });

  it('hint at it', async () => {
    const jobs = await harness.open();
    const name = await begun(jobs, 'b');
    const ending = new AbortController();
    const hints = jobs.changes(ending.signal)[Symbol.asyncIterator]();
    const hinted = hints.next();
    process.kill(statusOf(name).supervisor.pid, 'SIGKILL');
    expect((await hinted).done).toBe(false);
    ending.abort();
    expect((await hints.next()).done).toBe(true);
  });

  it('end the reading of their output', async () => {
    const jobs = await harness.open();
    const name = await begun(jobs, 'c');
    process.kill(statusOf(name).supervisor.pid, 'SIGKILL');
    expect(await outputOf(jobs, name)).toEqual(['said', expect.stringContaining('nobody knows how the job')]);
  });

  it('are stopped all the same when it only hangs', async () => {
    const jobs = await harness.open();
    const name = await begun(jobs, 'd');
    process.kill(statusOf(name).supervisor.pid, 'SIGSTOP');
    await jobs.stop(name);
    expect((await stateOf(jobs, name))?.end).toEqual({ kind: 'signalled', signal: 'SIGKILL', stopped: true });
    for (const file of ['d-main', 'd-daemon']) expect(processIdentity(pidIn(file))).toBeUndefined();
  });

  it('are not mistaken for another process of the same id', async () => {
    const jobs = await harness.open();
    const { name } = await run(jobs, jobSpec(harness, sh('exit 0')));
    const file = path.join(harness.directory, name, 'status.json');
    const status = statusOf(name);
    rmSync(path.join(harness.directory, name, 'end.json'));
    const self = { pid: process.pid, identity: 'another life' };
    writeFileSync(file, JSON.stringify({ ...status, supervisor: self, child: self }));
    expect((await untilEnded(jobs, name)).end.kind).toBe('lost');
  });

  it('are lost when what is known of them is damaged', async () => {
    const jobs = await harness.open();
    const { name } = await run(jobs, jobSpec(harness, sh('exit 0')));
    appendFileSync(path.join(harness.directory, name, 'end.json'), '}');
    expect((await stateOf(jobs, name))?.end?.kind).toBe('lost');
    rmSync(path.join(harness.directory, name, 'end.json'));
    writeFileSync(path.join(harness.directory, name, 'status.json'), '');
    expect((await stateOf(jobs, name))?.end?.kind).toBe('lost');
  });
});
