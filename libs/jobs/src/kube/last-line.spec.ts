import { describeOn } from '@keelson/testbed';
import { linesOf, sh, stateOf, textOf, untilEnded } from '../jobs-harness.contract';
import type { ManifestJob } from '../jobs';
import { kubeHarness } from '../kube-harness.contract';
import type { KubeHarness } from '../kube-harness.contract';

const lastLine = 'all is well 4711';

describeOn(['kubeconfig', 'registry'])('a job that says by its last line that it ended well', () => {
  let harness: KubeHarness;
  beforeAll(async () => {
    harness = await kubeHarness();
  });
  afterAll(() => harness.end());

  function manifest(name: string, script: string, annotations: Record<string, string> = {}): ManifestJob {
    const containers = [{ name: 'build', image: harness.image, command: sh(script) }];
    const spec = { template: { spec: { containers } } };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, annotations }, spec };
    return { name, timeoutMs: 60_000, objects: [job] };
  }
  const textsOf = async (...from: Parameters<typeof linesOf>) => (await linesOf(...from)).map(textOf);

  it('has ended for whoever reads it, before its cluster knows, and its log without that line', async () => {
    const [reading, other] = [await harness.open(), await harness.open()];
    const job = { ...manifest('says', `echo 'not ${lastLine}'; echo '${lastLine}'; sleep 60`), lastLine };
    await reading.ensure(job);
    expect(await textsOf(reading, job.name)).toEqual([`not ${lastLine}`]);
    expect(await stateOf(reading, job.name)).toMatchObject({ phase: 'ended', end: { kind: 'exited', code: 0 } });
    expect(await reading.files(job.name)).toEqual([]);
    expect((await stateOf(other, job.name))?.phase).toBe('running');
    // Who comes behind the last line that is kept reads the same end.
    expect(await textsOf(other, job.name, { skipLines: 1 })).toEqual([]);
    expect((await stateOf(other, job.name))?.phase).toBe('ended');
    await reading.remove(job.name);
    expect(await stateOf(reading, job.name)).toBeUndefined();
  });

  it('ends as its container does when it does not say so', async () => {
    const jobs = await harness.open();
    const job = { ...manifest('says-not', `echo 'x${lastLine}'; exit 3`), lastLine };
    await jobs.ensure(job);
    expect(await textsOf(jobs, job.name)).toEqual([`x${lastLine}`]);
    expect((await untilEnded(jobs, job.name)).end).toEqual({ kind: 'exited', code: 3 });
  });

  it('is not believed when only its own annotation says which line that is', async () => {
    const jobs = await harness.open();
    const job = manifest('claims', `echo '${lastLine}'; exit 3`, { 'keelson/last-line': lastLine });
    await jobs.ensure(job);
    expect(await textsOf(jobs, job.name)).toEqual([lastLine]);
    expect((await untilEnded(jobs, job.name)).end).toEqual({ kind: 'exited', code: 3 });
  });
});
