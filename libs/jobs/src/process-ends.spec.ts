import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { processIdentity } from '@keelson/process';
import { jobSpec, linesOf, outputOf, run, sh, stateOf, textsOf, unbroken, until } from './jobs-harness.contract';
import { compiled, processHarness, scratch } from './process-harness.contract';
import type { ProcessHarness } from './process-harness.contract';
import type { ProcessJobs } from './process-jobs';

describe('a job as a child process', () => {
  const code = compiled();
  const outside = scratch();
  let harness: ProcessHarness;
  let jobs: ProcessJobs;

  beforeAll(async () => {
    harness = await processHarness(code.supervisorPath);
    jobs = await harness.open();
  });
  afterAll(async () => {
    await harness.end();
    for (const directory of [code.directory, outside]) rmSync(directory, { recursive: true });
  });

  const untilGone = (pid: number) => until(`process ${pid} is gone`, () => processIdentity(pid) === undefined);
  /** Runs a script in which `$OUT` is a directory outside of the job's. */
  const runScript = (script: string, more = {}) =>
    run(jobs, jobSpec(harness, sh(script), { env: { OUT: outside }, ...more }));
  const pidIn = (file: string) => Number(readFileSync(path.join(outside, file), 'utf8'));

  it('tells the signal that ended the command', async () => {
    expect((await runScript('kill -SEGV $$')).end).toEqual({ kind: 'signalled', signal: 'SIGSEGV' });
    expect((await runScript('kill -KILL $$')).end).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('kills the group, and what has left it, at the timeout', async () => {
    const script =
      'sleep 600 & echo $! > $OUT/child; setsid sh -c \'echo $$ > $OUT/daemon; trap "" TERM HUP; while :; do sleep 1; done\' & sleep 600';
    expect((await runScript(script, { timeoutMs: 5000 })).end).toEqual({ kind: 'timeout' });
    await untilGone(pidIn('child'));
    await untilGone(pidIn('daemon'));
  });

  it('kills a command that ignores SIGTERM at the timeout', async () => {
    const { end } = await runScript('trap "" TERM; while :; do sleep 0.05; done', { timeoutMs: 200 });
    expect(end).toEqual({ kind: 'timeout' });
  });

  it('does not wait for what a command leaves behind with its output open, and ends it', async () => {
    const { end, name } = await runScript('sleep 600 & echo $! > $OUT/behind; echo done; exit 3');
    expect(end).toEqual({ kind: 'exited', code: 3 });
    expect(processIdentity(pidIn('behind'))).toBeUndefined();
    expect(await textsOf(jobs, name)).toEqual(['done']);
  });

  it('ends what a command leaves behind even when that hides from its group and closes its output', async () => {
    const { end } = await runScript(
      'setsid sleep 600 >/dev/null 2>&1 & echo $! > $OUT/hidden; while ! grep -q sleep /proc/$!/comm; do :; done',
    );
    expect(end).toEqual({ kind: 'exited', code: 0 });
    expect(processIdentity(pidIn('hidden'))).toBeUndefined();
  });

  it('ends what a command leaves behind without its environment', async () => {
    const { end } = await runScript('env -i sleep 600 >/dev/null 2>&1 & echo $! > $OUT/bare; exit 0');
    expect(end).toEqual({ kind: 'exited', code: 0 });
    expect(processIdentity(pidIn('bare'))).toBeUndefined();
  });

  it('does not wait for a process that has left everything by which it could be found', async () => {
    const { end } = await runScript(
      'env -i setsid sleep 60 & echo $! > $OUT/escaped; while ! grep -q sleep /proc/$!/comm; do :; done; exit 2',
    );
    expect(end).toEqual({ kind: 'exited', code: 2 });
    process.kill(pidIn('escaped'), 'SIGKILL');
  });

  it('keeps what a process left behind still says in time', async () => {
    const patient = await harness.open({ drainMs: 30_000 });
    const { name } = await run(patient, jobSpec(harness, sh('(sleep 0.1; echo late) & echo early')));
    expect(await textsOf(patient, name)).toEqual(['early', 'late']);
  });

  it('has the source where the image has it, with room beside it', async () => {
    const { name } = await runScript('mkdir ../output && cd ../output && cat ../src/sample.txt');
    expect(await textsOf(jobs, name)).toEqual(['what the image holds']);
  });

  it('gives the command its outputs as files it can open', async () => {
    const { name } = await runScript('echo one > /dev/stdout; echo two > /dev/stderr');
    expect(await textsOf(jobs, name)).toEqual(['one', 'two']);
  });

  it('hands on nothing of our own environment but what tool chains need', async () => {
    process.env.KEELSON_TEST_SECRET = 'hush';
    const { name } = await run(jobs, jobSpec(harness, ['env'], { env: { LEVEL: 'debug' } }));
    delete process.env.KEELSON_TEST_SECRET;
    const names = (await textsOf(jobs, name)).map((line) => line.split('=')[0]);
    const usual = [
      'PATH',
      'HOME',
      'LANG',
      'LC_ALL',
      'USER',
      'LOGNAME',
      'GIT_CEILING_DIRECTORIES',
      'KEELSON_JOB',
      'TMPDIR',
    ];
    expect(names).toEqual(expect.arrayContaining(['PATH', 'HOME', 'LEVEL', 'TMPDIR', 'KEELSON_JOB']));
    expect(names.filter((one) => !usual.includes(one ?? ''))).toEqual(['LEVEL']);
  });

  it('gives each job a place for temporary files that is gone afterwards', async () => {
    const { name } = await runScript('echo $TMPDIR; mkdir -p $TMPDIR/a; touch $TMPDIR/a/b; chmod 500 $TMPDIR/a');
    const [temp = ''] = await textsOf(jobs, name);
    expect(path.dirname(temp)).toBe(tmpdir());
    await until('it is removed', () => !existsSync(temp));
  });

  it('keeps git from finding a repository around the jobs', async () => {
    mkdirSync(path.join(harness.directory, '..', '.git', 'objects'), { recursive: true });
    mkdirSync(path.join(harness.directory, '..', '.git', 'refs'));
    writeFileSync(path.join(harness.directory, '..', '.git', 'HEAD'), 'ref: refs/heads/main\n');
    const { end } = await runScript('git rev-parse --git-dir');
    expect(end).toEqual({ kind: 'exited', code: 128 });
  });

  it('says what is wrong with a command that cannot be started', async () => {
    const materialise = async (_image: string, into: string) => {
      writeFileSync(path.join(into, 'bare'), 'echo no first line\n', { mode: 0o755 });
      writeFileSync(path.join(into, 'locked'), '#!/bin/sh\n', { mode: 0o644 });
      symlinkSync('nowhere', path.join(into, 'dangling'));
    };
    const other = await harness.open({ materialise });
    const message = async (...command: string[]) => {
      const { end } = await run(other, jobSpec(harness, command));
      return end.kind === 'unstartable' ? end.message : end.kind;
    };
    expect(await message('./bare')).toBe('./bare does not say what runs it: its first line must be like "#!/bin/sh"');
    expect(await message('./locked')).toMatch(/^\.\/locked is not executable: .*chmod/);
    expect(await message('./dangling')).toBe('there is no file ./dangling in the source');
    expect(await message('no-such-tool')).toBe('there is no command no-such-tool on this machine');
    expect(await message('echo', 'x'.repeat(200_000))).toMatch(/^echo could not be started: .*too long/);
  });

  it('copies 50 MB of output with little memory', async () => {
    const lines = 500_000;
    const script = `yes ${'x'.repeat(99)} | head -n ${lines}; while ! test -e $OUT/go; do sleep 0.05; done`;
    const spec = jobSpec(harness, sh(script), { env: { OUT: outside }, timeoutMs: 300_000 });
    await jobs.ensure(spec);
    let bytes = 0;
    for await (const line of jobs.log(spec.name, { skipLines: 0 }, new AbortController().signal)) {
      bytes += unbroken(line).bytes.byteLength + 1;
      if (bytes < lines * 100 || existsSync(path.join(outside, 'go'))) continue;
      const status = JSON.parse(readFileSync(path.join(harness.directory, spec.name, 'status.json'), 'utf8'));
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${status.supervisor.pid}/status`, 'utf8'))?.[1];
      expect(Number(peak)).toBeLessThan(120_000);
      writeFileSync(path.join(outside, 'go'), '');
    }
    expect(bytes).toBe(lines * 100);
  });

  it('removes what a job has written, whatever it has done to it', async () => {
    const script =
      'mkdir -p a/b; touch a/b/c; chmod 500 a/b a; cd a/b 2>/dev/null; touch "$(printf \'\\377bad\')" || :; exit 0';
    const { name } = await runScript(script);
    await jobs.remove(name);
    await until('it is deleted', () =>
      readdirSync(harness.directory).every((one) => !one.startsWith('.trash') && one !== name),
    );
  });

  it('survives a job that deletes its own directory', async () => {
    const spec = jobSpec(
      harness,
      sh('while ! grep -q child ../../status.json; do sleep 0.01; done; rm -rf "${PWD%/work/src}"; exit 0'),
    );
    await jobs.ensure(spec);
    await until('it is gone', async () => (await stateOf(jobs, spec.name)) === undefined);
    await expect(linesOf(jobs, spec.name)).rejects.toMatchObject({ code: 'jobs', transient: false });
    await jobs.remove(spec.name);
  });

  it('hands every byte on, a random megabyte too', async () => {
    const { name } = await runScript('head -c 1000000 /dev/urandom > $OUT/random; cat $OUT/random');
    expect(outputOf(await linesOf(jobs, name)).equals(readFileSync(path.join(outside, 'random')))).toBe(true);
  });
});
