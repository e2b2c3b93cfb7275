import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { processIdentity } from '@keelson/process';
import { follow, jobSpec, run, sh, stateOf, textsOf, until, untilEnded } from './jobs-harness.contract';
import type { CommandJob } from './jobs';
import { compiled, processHarness, scratch, supervisorsOf } from './process-harness.contract';
import type { ProcessHarness } from './process-harness.contract';

/** A process that starts a job with jobs of its own, says `started`, and lives on until it is killed. */
const parentProgram = `
  const { ProcessJobs } = require(process.argv[1]);
  const { directory, supervisorPath, spec, hang } = JSON.parse(process.argv[2]);
  const materialise = hang ? () => new Promise(() => {}) : async () => {};
  const jobs = new ProcessJobs({ directory, supervisorPath, materialise, stopGraceMs: 300, drainMs: 300 });
  console.log('up');
  jobs.warm().then(() => jobs.ensure(spec)).then(() => console.log('started'));
  setInterval(() => undefined, 1000);
`;

describe('jobs whose parent process was killed', () => {
  const code = compiled();
  const outside = scratch();
  let harness: ProcessHarness;
  const parents: ChildProcess[] = [];

  beforeEach(async () => {
    harness = await processHarness(code.supervisorPath);
  });
  afterEach(async () => {
    for (const parent of parents.splice(0)) parent.kill('SIGKILL');
    await harness.end();
  });
  afterAll(() => {
    for (const directory of [code.directory, outside]) rmSync(directory, { recursive: true });
  });

  const inside = (name: string, file: string) => path.join(harness.directory, name, file);
  const outsideText = (file: string) => readFileSync(path.join(outside, file), 'utf8');
  const script = (text: string, more: Partial<CommandJob> = {}) =>
    jobSpec(harness, sh(text), { env: { OUT: outside }, ...more });

  /** Starts the job in a process of its own. Call `kill` to end that at once. */
  async function parentOf(spec: CommandJob, more: object = {}) {
    const about = JSON.stringify({ directory: harness.directory, supervisorPath: code.supervisorPath, spec, ...more });
    const nodePath = path.resolve(__dirname, '../../../node_modules');
    const parent = spawn(process.execPath, ['-e', parentProgram, path.join(code.directory, 'index.js'), about], {
      env: { ...process.env, NODE_PATH: nodePath, TMPDIR: outside },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    parents.push(parent);
    const said = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
    const died = new Promise((resolve) => parent.once('exit', resolve));
    await said.next();
    return {
      pid: parent.pid!,
      started: async () => void (await said.next()),
      kill: async () => {
        parent.kill('SIGKILL');
        await died;
      },
    };
  }

  it('are adopted: seen running, followed to their end, run once', async () => {
    const spec = script('echo ran >> $OUT/ran; echo 1; while ! test -e $OUT/go; do sleep 0.02; done; echo 2; exit 5');
    const parent = await parentOf(spec);
    await parent.started();
    await parent.kill();
    const jobs = await harness.open();
    expect(await stateOf(jobs, spec.name)).toMatchObject({ phase: 'running' });
    expect(await jobs.ensure(spec)).toBe('exists');
    const lines = follow(jobs, spec.name);
    expect(await lines.next()).toBe('1');
    writeFileSync(path.join(outside, 'go'), '');
    expect(await lines.next()).toBe('2');
    expect(await lines.next()).toBeUndefined();
    expect((await untilEnded(jobs, spec.name)).end).toEqual({ kind: 'exited', code: 5 });
    expect(outsideText('ran')).toBe('ran\n');
  });

  it('end with nobody there, and their end is known', async () => {
    const spec = script('sleep 0.2; dirname $TMPDIR; exit 6');
    const parent = await parentOf(spec);
    await parent.started();
    await parent.kill();
    await until('the job has ended', () => existsSync(inside(spec.name, 'end.json')));
    const jobs = await harness.open();
    expect((await stateOf(jobs, spec.name))?.end).toEqual({ kind: 'exited', code: 6 });
    expect(await textsOf(jobs, spec.name)).toEqual([outside]);
  });

  it('are stopped and removed by the next one', async () => {
    const spec = script('echo $$ > $OUT/pid; sleep 600');
    const parent = await parentOf(spec);
    await parent.started();
    await until('it runs', () => existsSync(path.join(outside, 'pid')) && outsideText('pid') !== '');
    await parent.kill();
    const jobs = await harness.open();
    await jobs.remove(spec.name);
    expect(await jobs.list()).toEqual([]);
    expect(processIdentity(Number(outsideText('pid')))).toBeUndefined();
  });

  it('leave no supervisor that has no job', async () => {
    const spec = script('exit 0');
    const parent = await parentOf(spec);
    await parent.started();
    await until(
      'another supervisor is ready, and the first has ended',
      () => supervisorsOf(code.supervisorPath).length === 1 && existsSync(inside(spec.name, 'end.json')),
    );
    await parent.kill();
    await until('it has ended', () => supervisorsOf(code.supervisorPath).length === 0);
  });

  it('go on, too, when their parent only closed, and left them', async () => {
    const first = await harness.open();
    const spec = script('echo 1; while ! test -e $OUT/closed; do sleep 0.02; done; exit 8');
    await first.ensure(spec);
    await first.close({ leaveJobs: true });
    const jobs = await harness.open();
    expect(await stateOf(jobs, spec.name)).toMatchObject({ phase: 'running' });
    writeFileSync(path.join(outside, 'closed'), '');
    expect((await untilEnded(jobs, spec.name)).end).toEqual({ kind: 'exited', code: 8 });
  });

  it('are cleaned up behind, where they were half made or half deleted', async () => {
    const left = ['.new-999999999-x', '.trash-x'];
    for (const name of left) mkdirSync(path.join(harness.directory, name, 'a'), { recursive: true });
    const jobs = await harness.open();
    expect(await jobs.list()).toEqual([]);
    await until('they are gone', () => left.every((name) => !existsSync(path.join(harness.directory, name))));
  });

  it('wait when they had not begun, and begin once', async () => {
    const spec = script('echo ran >> $OUT/ran-later; exit 0');
    const parent = await parentOf(spec, { hang: true });
    await until('the job is there', () => existsSync(inside(spec.name, 'spec.json')));
    await parent.kill();
    await until('its supervisor has ended', () => supervisorsOf(code.supervisorPath).length === 0);
    writeFileSync(path.join(harness.directory, spec.name, 'work', 'src', 'half'), 'of a copy');
    const jobs = await harness.open();
    expect(await stateOf(jobs, spec.name)).toEqual({ name: spec.name, phase: 'waiting' });
    expect(await jobs.ensure(spec)).toBe('created');
    expect((await untilEnded(jobs, spec.name)).end).toEqual({ kind: 'exited', code: 0 });
    expect(outsideText('ran-later')).toBe('ran\n');
    expect(existsSync(inside(spec.name, 'work/src/half'))).toBe(false);
  });

  it('wait, too, when their supervisor was gone before it took them', async () => {
    const spec = script('exit 0');
    mkdirSync(inside(spec.name, 'work'), { recursive: true });
    writeFileSync(inside(spec.name, 'spec.json'), JSON.stringify(spec));
    writeFileSync(
      inside(spec.name, 'given.json'),
      JSON.stringify({ supervisor: { pid: process.pid, identity: 'another life' } }),
    );
    const jobs = await harness.open();
    expect(await stateOf(jobs, spec.name)).toEqual({ name: spec.name, phase: 'waiting' });
    expect((await run(jobs, spec)).end).toEqual({ kind: 'exited', code: 0 });
  });

  it('run once, at whatever moment it was', async () => {
    const seed = Date.now() % 1_000_000;
    process.stdout.write(`killed at moments by seed ${seed}\n`);
    for (let round = 0; round < 6; round += 1) {
      const spec = script(`echo ran >> $OUT/${seed}-${round}; echo said; sleep 0.05; exit ${round}`);
      const parent = await parentOf(spec);
      const afterMs = ((seed * 7919 + round * 104_729) % 1000) / 8;
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await parent.kill();
      const jobs = await harness.open();
      const { end } = await run(jobs, spec);
      expect({ round, end }).toEqual({ round, end: { kind: 'exited', code: round } });
      expect(outsideText(`${seed}-${round}`)).toBe('ran\n');
      expect(await textsOf(jobs, spec.name)).toEqual(['said']);
      await jobs.close();
    }
  });
});
