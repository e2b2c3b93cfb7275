import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { until } from '../jobs-harness.contract';
import { compiled, scratch } from '../process-harness.contract';
import { jobFiles } from './job-files';
import type { Assignment } from './records';

describe('the supervisor', () => {
  const code = compiled();
  const root = scratch();
  const running: ChildProcess[] = [];

  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => {
    for (const directory of [code.directory, root]) rmSync(directory, { recursive: true });
  });

  function start() {
    const env = { PATH: process.env.PATH };
    const child = spawn(process.execPath, [code.supervisorPath], { stdio: ['pipe', 'pipe', 'inherit'], env });
    running.push(child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, ended, said: () => said };
  }

  function assignment(script: string, more: Partial<Assignment> = {}): Assignment {
    const directory = path.join(root, randomUUID());
    mkdirSync(path.join(directory, 'work'), { recursive: true });
    return {
      ...{ directory, cwd: path.join(directory, 'work'), command: ['sh', '-c', script], mark: randomUUID() },
      ...{ env: { PATH: process.env.PATH ?? '' }, timeoutMs: 60_000, stopGraceMs: 300, drainMs: 300 },
      ...more,
    };
  }

  const endOf = ({ directory }: Assignment) => JSON.parse(readFileSync(jobFiles(directory).end, 'utf8')).end;

  it('ends without a job when nobody is there any more to give it one', async () => {
    const { child, ended, said } = start();
    child.stdin.end();
    expect(await ended).toBe(0);
    expect(said()).toBe('');
  });

  it('takes no half of an assignment', async () => {
    const job = assignment('exit 0');
    const { child, ended } = start();
    child.stdin.end(JSON.stringify(job));
    expect(await ended).toBe(0);
    expect(readdirSync(job.directory)).toEqual(['work']);
  });

  it('says that it has the job, and goes on when its parent is gone', async () => {
    const job = assignment('sleep 0.2; exit 4');
    const { child, ended, said } = start();
    child.stdin.end(`${JSON.stringify(job)}\n`);
    await until('it has the job', () => said() === 'taken\n');
    child.stdout.destroy();
    expect(await ended).toBe(0);
    expect(endOf(job)).toEqual({ kind: 'exited', code: 4 });
  });

  it('leaves a job alone that another has', async () => {
    const job = assignment('echo ran >> ran');
    const both = [start(), start()];
    for (const { child } of both) child.stdin.end(`${JSON.stringify(job)}\n`);
    await Promise.all(both.map(({ ended }) => ended));
    expect(both.map(({ said }) => said()).sort()).toEqual(['', 'taken\n']);
    expect(readFileSync(path.join(job.cwd, 'ran'), 'utf8')).toBe('ran\n');
  });

  it('is stopped by SIGTERM only, the job with it', async () => {
    const job = assignment('echo up; sleep 600');
    const { child, ended } = start();
    child.stdin.end(`${JSON.stringify(job)}\n`);
    await until(
      'the job runs',
      () =>
        existsSync(jobFiles(job.directory).output) &&
        readFileSync(jobFiles(job.directory).output, 'utf8').includes('up'),
    );
    for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) child.kill(signal);
    expect(await ended).toBe(0);
    expect(endOf(job)).toEqual({ kind: 'signalled', signal: 'SIGTERM', stopped: true });
  });

  it('ends the job as lost, and says why, when the disk is full', async () => {
    const job = assignment('trap "" TERM; while :; do echo output; done');
    symlinkSync('/dev/full', jobFiles(job.directory).output);
    const { child, ended } = start();
    child.stdin.end(`${JSON.stringify(job)}\n`);
    expect(await ended).toBe(0);
    expect(endOf(job)).toEqual({ kind: 'lost', message: 'the disk is full: the output could not be kept (ENOSPC)' });
  });

  it('can tell so on that very disk', async () => {
    const own = spawnSync('unshare', ['-rm', 'true']);
    if (own.status !== 0)
      return void process.stdout.write('skipped: no file system can be mounted here to be filled\n');
    const mount = path.join(root, 'full');
    const job = assignment('while :; do echo some output; done', { directory: path.join(mount, 'job'), cwd: '/' });
    const script = `mkdir -p ${mount} && mount -t tmpfs -o size=256k none ${mount} && mkdir ${mount}/job && ${process.execPath} ${code.supervisorPath} && cat ${mount}/job/end.json`;
    const done = spawnSync('unshare', ['-rm', 'sh', '-c', script], {
      input: `${JSON.stringify(job)}\n`,
      encoding: 'utf8',
    });
    expect(done.stderr).toBe('');
    expect(JSON.parse(done.stdout.replace('taken\n', '')).end).toMatchObject({
      kind: 'lost',
      message: expect.stringContaining('disk is full'),
    });
  });

  it('does not wait for a job that only fills its pipe when the disk is full', async () => {
    const job = assignment('head -c 1000000 /dev/zero; exit 0');
    symlinkSync('/dev/full', jobFiles(job.directory).output);
    const { child, ended } = start();
    child.stdin.end(`${JSON.stringify(job)}\n`);
    expect(await ended).toBe(0);
    expect(endOf(job).kind).toBe('lost');
  });

  it('leaves nothing in the place for temporary files', async () => {
    const job = assignment('touch $TMPDIR/x; echo $TMPDIR > temp');
    const { child, ended } = start();
    child.stdin.end(`${JSON.stringify(job)}\n`);
    await ended;
    const temp = readFileSync(path.join(job.cwd, 'temp'), 'utf8').trim();
    expect(path.dirname(temp)).toBe(tmpdir());
    expect(existsSync(temp)).toBe(false);
    expect(readdirSync(job.directory).sort()).toEqual(['end.json', 'output', 'status.json', 'work']);
  });
});
