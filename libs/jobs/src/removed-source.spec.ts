import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { jobSpec, run, sh, until } from './jobs-harness.contract';
import { compiled, processHarness } from './process-harness.contract';
import type { ProcessHarness } from './process-harness.contract';

describe('whoever filled the directory of a job', () => {
  const code = compiled();
  let harness: ProcessHarness;
  const removed: string[] = [];
  const filled: string[] = [];
  const told = {
    materialise: (_image: string, into: string) => Promise.resolve(void filled.push(into)),
    removed: (directory: string) => void removed.push(directory),
  };

  beforeEach(async () => {
    removed.length = filled.length = 0;
    harness = await processHarness(code.supervisorPath);
  });
  afterEach(() => harness.end());
  afterAll(() => rmSync(code.directory, { recursive: true }));

  it('is told once that it is gone, and not before', async () => {
    const jobs = await harness.open(told);
    const { name } = await run(jobs, jobSpec(harness, sh('echo x > made; exit 3')));
    expect(removed).toEqual([]);
    await jobs.remove(name);
    expect(removed).toEqual(filled);
    expect(existsSync(filled[0]!)).toBe(false);
    await jobs.remove(name);
    expect(removed).toHaveLength(1);
  });

  it('is told of one whose end nobody knows, too', async () => {
    const jobs = await harness.open(told);
    const spec = jobSpec(harness, sh('sleep 600'));
    await jobs.ensure(spec);
    const status = path.join(harness.directory, spec.name, 'status.json');
    process.kill(JSON.parse(readFileSync(status, 'utf8')).supervisor.pid, 'SIGKILL');
    const lost = async () => (await jobs.list()).some(({ name, end }) => name === spec.name && end?.kind === 'lost');
    await until('it is lost', lost);
    await jobs.remove(spec.name);
    expect(removed).toEqual(filled);
  });
});
