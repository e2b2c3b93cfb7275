import { describeOn } from '@keelson/testbed';
import { jobSpec, run, sh, textsOf } from '../jobs-harness.contract';
import type { CommandJob, ManifestJob } from '../jobs';
import { kubeHarness } from '../kube-harness.contract';
import type { KubeHarness } from '../kube-harness.contract';
import type { KubeJobs } from './kube-jobs';

const graces = { stopGraceMs: 1000, refusalMs: 3000 };

describeOn(['kubeconfig', 'registry'])('what a job may have of its namespace', () => {
  let harness: KubeHarness;
  let jobs: KubeJobs;
  beforeAll(async () => {
    harness = await kubeHarness();
    jobs = await harness.open({ graces });
  });
  afterAll(() => harness.end());

  async function make(kind: string, plural: string, body: object): Promise<void> {
    const path = `/api/v1/namespaces/${harness.namespace}/${plural}`;
    await harness.api.call({ what: `making a ${kind}`, method: 'POST', path, body });
  }
  const spec = (script: string, more: Partial<CommandJob> = {}) => jobSpec(harness, sh(script), more);

  it('gives a token only of an account that the operator allows', async () => {
    await make('ServiceAccount', 'serviceaccounts', { metadata: { name: 'tester' } });
    const script = '[ -e /var/run/secrets/kubernetes.io/serviceaccount/token ]';
    await expect(jobs.ensure(spec(script, { serviceAccount: 'tester' }))).rejects.toMatchObject({
      ...{ fault: 'user', transient: false, message: expect.stringContaining('service account tester') },
    });
    const allowing = await harness.open({ graces, accounts: ['tester'] });
    expect((await run(allowing, spec(script, { serviceAccount: 'tester' }))).end).toMatchObject({ code: 0 });
    expect((await run(allowing, spec(script))).end).toMatchObject({ code: 1 });
  });

  it('makes a Secret anew that an ensure left which was cut short, and touches none of somebody else', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'left' }, stringData: { word: 'new' } };
    const variable = { name: 'WORD', valueFrom: { secretKeyRef: { name: 'left', key: 'word' } } };
    const containers = [{ name: 'build', image: harness.image, command: sh('echo $WORD'), env: [variable] }];
    const build = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'build' } };
    const objects = [secret, { ...build, spec: { template: { spec: { containers } } } }];
    const { name, timeoutMs } = spec('exit 0');
    const job: ManifestJob = { name, timeoutMs, objects };
    const left = (labels: object) =>
      make('Secret', 'secrets', { metadata: { name: 'left', labels }, stringData: { word: 'old' } });
    const path = `/api/v1/namespaces/${harness.namespace}/secrets/left`;
    await left({});
    await expect(jobs.ensure(job)).rejects.toMatchObject({
      ...{ transient: false, message: expect.stringContaining('Secret left') },
    });
    await harness.api.call({ what: 'removing a Secret', method: 'DELETE', path });
    await left({ 'keelson/job': job.name.replaceAll('.', '-') });
    expect((await run(jobs, job)).end).toEqual({ kind: 'exited', code: 0 });
    expect(await textsOf(jobs, job.name)).toEqual(['new']);
  });
});
