import { linesOf, jobSpec, outputOf, run, sh, stateOf, textsOf, until, untilEnded } from './jobs-harness.contract';
import type { JobsHarness, MakeHarness } from './jobs-harness.contract';
import type { Jobs } from './jobs';

export function describeEnds(makeHarness: MakeHarness): void {
  let harness: JobsHarness;
  let jobs: Jobs;

  beforeAll(async () => {
    harness = await makeHarness();
    jobs = await harness.open();
  });
  afterAll(() => harness.end());

  it.each([0, 1, 7, 255])('tells the exit code %d', async (code) => {
    const { end } = await run(jobs, jobSpec(harness, sh(`exit ${code}`)));
    expect(end).toEqual({ kind: 'exited', code });
  });

  it('tells when a job began and ended', async () => {
    const { name, startedAtMs, endedAtMs } = await run(jobs, jobSpec(harness, sh('exit 0')));
    expect(startedAtMs).toBeGreaterThan(Date.now() - 3_600_000);
    expect(endedAtMs).toBeGreaterThanOrEqual(startedAtMs ?? Infinity);
    expect((await stateOf(jobs, name))?.endedAtMs).toBe(endedAtMs);
  });

  it('runs a job of one name once, however often it is asked for', async () => {
    const spec = jobSpec(harness, sh('echo here; sleep 0.2'));
    const answers = await Promise.all([jobs.ensure(spec), jobs.ensure(spec), jobs.ensure(spec)]);
    expect(answers.sort()).toEqual(['created', 'exists', 'exists']);
    expect(await jobs.ensure(spec)).toBe('exists');
    await untilEnded(jobs, spec.name);
    expect(await jobs.ensure(spec)).toBe('exists');
    expect(await textsOf(jobs, spec.name)).toEqual(['here']);
  });

  it('runs several jobs at once', async () => {
    const specs = [1, 2, 3].map((n) => jobSpec(harness, sh(`sleep 0.1; echo ${n}`)));
    await Promise.all(specs.map((spec) => run(jobs, spec)));
    expect(await Promise.all(specs.map((spec) => textsOf(jobs, spec.name)))).toEqual([['1'], ['2'], ['3']]);
  });

  it('gives the command its arguments as they are, through no shell', async () => {
    const spec = jobSpec(harness, ['printf', '%s\\n', '$HOME; *', "it's", '', '-n']);
    await run(jobs, spec);
    expect(await textsOf(jobs, spec.name)).toEqual(['$HOME; *', "it's", '', '-n']);
  });

  it('gives the command its environment as it is', async () => {
    const env = { KEELSON_ATTEMPT: '2', ODD: 'a "b" $c\nsecond line', EMPTY: '' };
    const spec = jobSpec(harness, sh('printf "%s|%s|%s" "$KEELSON_ATTEMPT" "$ODD" "${EMPTY-unset}"'), { env });
    await run(jobs, spec);
    expect(outputOf(await linesOf(jobs, spec.name)).toString()).toBe(`2|${env.ODD}|`);
  });

  it('runs where the image has its source', async () => {
    const spec = jobSpec(harness, ['cat', harness.sample.path]);
    await run(jobs, spec);
    expect(outputOf(await linesOf(jobs, spec.name)).toString()).toBe(harness.sample.content);
  });

  it('gives the command nothing to read, and no terminal', async () => {
    const spec = jobSpec(harness, sh('cat; test -t 1 || echo none'));
    await run(jobs, spec);
    expect(await textsOf(jobs, spec.name)).toEqual(['none']);
  });

  it.each([
    ['is nowhere', ['no-such-command-here', 'x']],
    ['is not in the source', ['./no-such-file.sh']],
    ['is not executable', ['./sample.txt']],
  ])('tells a command that %s from one that failed, by its name', async (_what, command) => {
    const { end } = await run(
      jobs,
      jobSpec(
        harness,
        command.map((word) => word.replace('sample.txt', harness.sample.path)),
      ),
    );
    expect(end).toMatchObject({ kind: 'unstartable' });
    const message = end.kind === 'unstartable' ? end.message : '';
    expect(message).toContain(command[0]?.replace('sample.txt', harness.sample.path));
  });

  it('ends a job that takes longer than it may, and keeps what it said', async () => {
    const spec = jobSpec(harness, sh('echo begun; sleep 600; echo never'), { timeoutMs: 5000 });
    expect((await run(jobs, spec)).end).toEqual({ kind: 'timeout' });
    expect(await textsOf(jobs, spec.name)).toEqual(['begun']);
  });

  it('refuses names that could be something else', async () => {
    for (const name of ['', '.', '..', '../x', 'a/b', '.hidden', 'Upper', '-x', 'a'.repeat(64), 'a\n', 'a\0']) {
      await expect(jobs.ensure({ ...jobSpec(harness, sh('exit 0')), name })).rejects.toMatchObject({ code: 'jobs' });
    }
  });

  it('shows the same jobs to another process', async () => {
    const other = await harness.open();
    const spec = jobSpec(harness, sh('echo seen; exit 3'));
    await jobs.ensure(spec);
    expect((await untilEnded(other, spec.name)).end).toEqual({ kind: 'exited', code: 3 });
    expect(await other.ensure(spec)).toBe('exists');
    expect(await textsOf(other, spec.name)).toEqual(['seen']);
  });

  it('hints at a job that begins or ends', async () => {
    const ending = new AbortController();
    let hints = 0;
    const hinted = (async () => {
      for await (const _ of jobs.changes(ending.signal)) hints += 1;
    })();
    const spec = jobSpec(harness, sh('sleep 0.3'));
    await jobs.ensure(spec);
    await until('a hint comes', () => hints > 0);
    await untilEnded(jobs, spec.name);
    ending.abort();
    await hinted;
  });
}
