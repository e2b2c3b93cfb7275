import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { jobSpec, run, sh, stateOf, until } from './jobs-harness.contract';
import { compiled, processHarness, scratch } from './process-harness.contract';
import type { ProcessHarness } from './process-harness.contract';
import { processIdentity, recordOf } from './supervisor/process-identity';

describe('the source of a job that is removed', () => {
  const code = compiled();
  const outside = scratch();
  let harness: ProcessHarness;
  const released: { from: string; names: string[] }[] = [];
  const release = (from: string) => {
    released.push({ from, names: readdirSync(from).sort() });
    return Promise.resolve();
  };

  beforeEach(async () => {
    released.length = 0;
    harness = await processHarness(code.supervisorPath);
  });
  afterEach(() => harness.end());
  afterAll(() => {
    for (const directory of [code.directory, outside]) rmSync(directory, { recursive: true });
  });

  it('is offered to whoever filled it, as the job left it, before it is deleted', async () => {
    const filled: string[] = [];
    const materialise = (_image: string, into: string) => Promise.resolve(void filled.push(into));
    const jobs = await harness.open({ materialise, release });
    const { name } = await run(jobs, jobSpec(harness, sh('echo x > made; exit 3')));
    expect(released).toEqual([]);
    await jobs.remove(name);
    expect(released).toEqual([{ from: filled[0], names: ['made'] }]);
    expect(existsSync(filled[0]!)).toBe(false);
    await jobs.remove(name);
    expect(released).toHaveLength(1);
  });

  it('is deleted all the same when nothing can be taken from it', async () => {
    const warnings: string[] = [];
    const jobs = await harness.open({
      release: () => Promise.reject(new Error('no room')),
      onWarning: (message) => void warnings.push(message),
    });
    const { name } = await run(jobs, jobSpec(harness, sh('exit 0')));
    await jobs.remove(name);
    expect(warnings).toEqual([expect.stringContaining('no room')]);
    expect(await stateOf(jobs, name)).toBeUndefined();
  });

  it('is not offered when nobody knows how the job ended', async () => {
    const jobs = await harness.open({ release });
    const spec = jobSpec(harness, sh('sleep 600'));
    await jobs.ensure(spec);
    const status = path.join(harness.directory, spec.name, 'status.json');
    process.kill(JSON.parse(readFileSync(status, 'utf8')).supervisor.pid, 'SIGKILL');
    await until('it is lost', async () => (await stateOf(jobs, spec.name))?.end?.kind === 'lost');
    await jobs.remove(spec.name);
    expect(released).toEqual([]);
  });

  // It leaves its session, its parent and its environment behind: nothing but where it works tells that it was the job's.
  const escape = (how: string) =>
    `setsid env -i sh -c 'echo $$ > ${outside}/escaped; ${how}' >/dev/null 2>&1 </dev/null & sleep 0.2`;
  it.each([
    ['works', 'exec sleep 600'],
    ['has a file open', 'exec 7>>sample.txt; cd /; exec sleep 600'],
  ])('is not offered while a process that escaped %s in it', async (_what, how) => {
    const jobs = await harness.open({ release });
    const { name } = await run(jobs, jobSpec(harness, sh(escape(how))));
    const pid = Number(readFileSync(path.join(outside, 'escaped'), 'utf8'));
    try {
      expect(processIdentity(pid)).toBeDefined();
      await jobs.remove(name);
      expect(released).toEqual([]);
    } finally {
      process.kill(recordOf(pid).pid, 'SIGKILL');
    }
  });

  it('is not offered while a process that was there before the job has a file open for it', async () => {
    const calls = path.join(outside, 'calls');
    execFileSync('mkfifo', [calls]);
    // A build daemon, say: it runs on from one test to the next, and opens what it is asked to.
    const daemon = spawn('sh', ['-c', 'read file < "$0"; exec 7<> "$file"; echo open > "$0"; exec sleep 600', calls]);
    try {
      const jobs = await harness.open({ release });
      const { name } = await run(
        jobs,
        jobSpec(harness, sh(`echo "$PWD/sample.txt" > ${calls}; read answer < ${calls}`)),
      );
      await jobs.remove(name);
      expect(released).toEqual([]);
    } finally {
      daemon.kill('SIGKILL');
    }
  });
});
