import { randomUUID } from 'node:crypto';
import { follow, jobSpec, linesOf, run, sh, stateOf, textsOf, until, untilEnded } from './jobs-harness.contract';
import type { JobsHarness, MakeHarness } from './jobs-harness.contract';
import type { Jobs } from './jobs';

export function describeStops(makeHarness: MakeHarness): void {
  let harness: JobsHarness;
  let jobs: Jobs;

  beforeAll(async () => {
    harness = await makeHarness();
    jobs = await harness.open();
  });
  afterAll(() => harness.end());

  async function begun(script: string): Promise<string> {
    const spec = jobSpec(harness, sh(`echo begun; ${script}`));
    await jobs.ensure(spec);
    const lines = follow(jobs, spec.name);
    expect(await lines.next()).toBe('begun');
    await lines.end();
    return spec.name;
  }

  it('stops a job, and keeps it and its output listed', async () => {
    const name = await begun('sleep 600');
    await jobs.stop(name);
    expect((await untilEnded(jobs, name)).end).toMatchObject({ kind: 'signalled' });
    expect(await textsOf(jobs, name)).toEqual(['begun']);
  });

  it('lets a job say its last words when it is stopped, but not end well', async () => {
    const name = await begun('trap "echo last; exit 0" TERM; while :; do sleep 0.05; done');
    await jobs.stop(name);
    expect((await untilEnded(jobs, name)).end).toMatchObject({ kind: 'signalled' });
    expect(await textsOf(jobs, name)).toContain('last');
  });

  it('ends a job that ignores being stopped', async () => {
    const name = await begun('trap "" TERM; while :; do sleep 0.05; done');
    await jobs.stop(name);
    expect((await untilEnded(jobs, name)).end).toMatchObject({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('does nothing to a job that has ended, or that there is not', async () => {
    const { name } = await run(jobs, jobSpec(harness, sh('exit 4')));
    await jobs.stop(name);
    await jobs.stop(`${randomUUID()}.1.test`);
    await jobs.stop('../nothing');
    expect((await stateOf(jobs, name))?.end).toEqual({ kind: 'exited', code: 4 });
  });

  it('may be told to stop twice at once', async () => {
    const name = await begun('sleep 600');
    await Promise.all([jobs.stop(name), jobs.stop(name)]);
    expect((await untilEnded(jobs, name)).end).toMatchObject({ kind: 'signalled' });
  });

  it('forgets a job that is removed, running or not, once or twice', async () => {
    const { name: ended } = await run(jobs, jobSpec(harness, sh('exit 0')));
    const running = await begun('sleep 600');
    for (const name of [ended, running, running, '../nothing']) await jobs.remove(name);
    await until('both are gone', async () => {
      const names = (await jobs.list()).map(({ name }) => name);
      return !names.includes(ended) && !names.includes(running);
    });
    await expect(linesOf(jobs, ended)).rejects.toMatchObject({ code: 'jobs' });
  });

  it('runs a job anew after it was removed', async () => {
    const spec = jobSpec(harness, sh('echo again'));
    await run(jobs, spec);
    await jobs.remove(spec.name);
    await until('its name is free', async () => (await jobs.ensure(spec)) === 'created');
    await untilEnded(jobs, spec.name);
    expect(await textsOf(jobs, spec.name)).toEqual(['again']);
  });
}
