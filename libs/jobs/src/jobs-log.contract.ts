import { randomUUID } from 'node:crypto';
import {
  follow,
  jobSpec,
  linesOf,
  outputOf,
  run,
  sh,
  stateOf,
  textOf,
  textsOf,
  unaborted,
} from './jobs-harness.contract';
import type { JobsHarness, MakeHarness } from './jobs-harness.contract';
import type { Jobs, JobLogLine } from './jobs';

const piece = 1024 * 1024;

export function describeLogs(makeHarness: MakeHarness): void {
  let harness: JobsHarness;
  let jobs: Jobs;

  beforeAll(async () => {
    harness = await makeHarness();
    jobs = await harness.open();
  });
  afterAll(() => harness.end());

  async function output(script: string): Promise<JobLogLine[]> {
    const spec = jobSpec(harness, sh(script));
    await run(jobs, spec);
    return linesOf(jobs, spec.name);
  }

  it('keeps the order of output and errors', async () => {
    const lines = await output('i=0; while [ $i -lt 300 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done');
    const texts = lines.map(textOf);
    const all = Array.from({ length: 300 }, (_, n) => [`out ${n}`, `err ${n}`]).flat();
    if (harness.isExact) return expect(texts).toEqual(all);
    const byKind = (some: readonly string[]) =>
      ['out', 'err'].map((kind) => some.filter((text) => text.startsWith(kind)));
    expect(byKind(texts)).toEqual(byKind(all));
  });

  it('stamps every line with a time that never goes back', async () => {
    const times = (await output('for i in 1 2 3 4 5; do echo $i; sleep 0.5; done')).map(({ time }) => time);
    expect(times).toHaveLength(5);
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect([...times].sort()).toEqual(times);
    expect(new Set(times).size).toBeGreaterThan(1);
  });

  it('shows lines while the job runs', async () => {
    const spec = jobSpec(harness, sh('echo first; sleep 600'));
    await jobs.ensure(spec);
    const lines = follow(jobs, spec.name);
    expect(await lines.next()).toBe('first');
    expect(await stateOf(jobs, spec.name)).toMatchObject({ phase: 'running' });
    await jobs.stop(spec.name);
    expect(await lines.next()).toBeUndefined();
  });

  it('goes on behind the lines that are to be skipped', async () => {
    const spec = jobSpec(harness, sh('for i in 1 2 3 4 5; do echo $i; done'));
    await run(jobs, spec);
    expect((await linesOf(jobs, spec.name, { skipLines: 3 })).map(textOf)).toEqual(['4', '5']);
    expect(await linesOf(jobs, spec.name, { skipLines: 5 })).toEqual([]);
    expect(await linesOf(jobs, spec.name, { skipLines: 9 })).toEqual([]);
  });

  it('skips lines of a job that still runs', async () => {
    const spec = jobSpec(harness, sh('echo 1; sleep 0.3; echo 2; echo 3'));
    await jobs.ensure(spec);
    expect((await linesOf(jobs, spec.name, { skipLines: 2 })).map(textOf)).toEqual(['3']);
  });

  it('keeps empty lines, carriage returns and every byte', async () => {
    const lines = await output(String.raw`printf '\n\n a \r\n\000\377\376\n\033[31mred\n'`);
    expect(lines.map(({ bytes }) => Buffer.from(bytes).toString('latin1'))).toEqual([
      ...['', '', harness.isExact ? ' a \r' : ' a ', '\0\xff\xfe', '\x1b[31mred'],
    ]);
  });

  it('marks a last line without a line end', async () => {
    const lines = await output("printf 'whole\\nnot whole'");
    expect(lines.map(({ partial, ...line }) => [textOf(line), partial ?? false])).toEqual([
      ['whole', false],
      ['not whole', true],
    ]);
  });

  it('has no lines of a job that says nothing', async () => {
    expect(await output('exit 0')).toEqual([]);
  });

  it('cuts a line of more than 1 MiB into pieces that make up its bytes', async () => {
    const lines = await output(
      `head -c ${2 * piece + 10} /dev/zero | tr '\\0' x; echo; head -c ${piece} /dev/zero; echo; echo end`,
    );
    expect(lines.map(({ bytes, partial }) => [bytes.byteLength, partial ?? false])).toEqual([
      [piece, true],
      [piece, true],
      [10, false],
      [piece, false],
      [3, false],
    ]);
  });

  it('loses nothing of much output, and cuts it the same way each time', async () => {
    const spec = jobSpec(
      harness,
      sh('i=0; while [ $i -lt 20000 ]; do echo "line $i of some output"; i=$((i+1)); done'),
    );
    await jobs.ensure(spec);
    const followed = await linesOf(jobs, spec.name);
    const expected = Array.from({ length: 20000 }, (_, n) => `line ${n} of some output\n`).join('');
    expect(outputOf(followed).toString() === expected).toBe(true);
    expect(await linesOf(jobs, spec.name, { skipLines: 19990 })).toEqual(followed.slice(19990));
  });

  it('tells an end of the reading from the end of the output', async () => {
    const spec = jobSpec(harness, sh('echo one; sleep 600'));
    await jobs.ensure(spec);
    const reading = new AbortController();
    const lines = follow(jobs, spec.name, reading.signal);
    expect(await lines.next()).toBe('one');
    const next = lines.next();
    reading.abort(new Error('enough'));
    await expect(next).rejects.toThrow();
    await jobs.stop(spec.name);
    expect(await textsOf(jobs, spec.name)).toEqual(['one']);
  });

  it('has no output of a job nobody started', async () => {
    const lines = jobs.log(`${randomUUID()}.1.test`, { skipLines: 0 }, unaborted)[Symbol.asyncIterator]();
    await expect(lines.next()).rejects.toMatchObject({ code: 'jobs' });
  });
}
