import { writeFileSync, rmSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { jobSpec, sh } from './jobs-harness.contract';
import { compiled, processHarness } from './process-harness.contract';

describe('what goes wrong with the directory of the jobs', () => {
  const code = compiled();
  afterAll(() => rmSync(code.directory, { recursive: true }));

  it('is told as the port says, by the name of what was tried', async () => {
    const harness = await processHarness(code.supervisorPath);
    const directory = path.join(harness.directory, 'in the way');
    mkdirSync(harness.directory);
    writeFileSync(directory, '');
    const jobs = await harness.open({ directory });
    const refused = { code: 'jobs', transient: true, message: expect.stringContaining(directory) };
    await expect(jobs.list()).rejects.toMatchObject(refused);
    await expect(jobs.ensure(jobSpec(harness, sh('exit 0')))).rejects.toMatchObject(refused);
    rmSync(directory);
    expect(await jobs.list()).toEqual([]);
    rmSync(directory, { recursive: true });
    await expect(jobs.list()).rejects.toMatchObject(refused);
    mkdirSync(directory);
    await harness.end();
  });

  it('is told when there is no supervisor to be had', async () => {
    const harness = await processHarness(path.join(code.directory, 'no such supervisor'));
    const jobs = await harness.open();
    const spec = jobSpec(harness, sh('exit 0'));
    await expect(jobs.ensure(spec)).rejects.toMatchObject({
      code: 'jobs',
      message: expect.stringContaining(spec.name),
    });
    expect(await jobs.list()).toEqual([]);
    await harness.end();
  });
});
