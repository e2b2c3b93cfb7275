import { describeOn, pushImage, servers } from '@keelson/testbed';
import { jobSpec, linesOf, outputOf, run, sh, stateOf, textsOf, until, untilEnded } from '../jobs-harness.contract';
import { kubeHarness } from '../kube-harness.contract';
import type { KubeHarness } from '../kube-harness.contract';
import type { CommandJob, KubeObject, ManifestJob } from '../jobs';
import type { KubeJobs } from './kube-jobs';

jest.setTimeout(600_000);

/** For what is to come up, on a machine that takes its time. */
const patient = { stopGraceMs: 1000 };
/** For what is to be refused. */
const hasty = { ...patient, pullMs: 3000, scheduleMs: 3000, refusalMs: 3000 };

describeOn(['kubeconfig', 'registry'])('what only a cluster has', () => {
  let harness: KubeHarness;
  let jobs: KubeJobs;
  beforeAll(async () => {
    harness = await kubeHarness();
    jobs = await harness.open({ graces: patient, anyNamespace: true });
    await make('Secret', 'secrets', { metadata: { name: 'tokens' }, stringData: { one: 'a secret value' } });
  });
  afterAll(() => harness.end());

  async function make(kind: string, plural: string, body: object): Promise<void> {
    const path = `/api/v1/namespaces/${harness.namespace}/${plural}`;
    await harness.api.call({ what: `making a ${kind}`, method: 'POST', path, body });
  }
  const spec = (script: string, more: Partial<CommandJob> = {}) => jobSpec(harness, sh(script), more);
  const endOf = async (job: CommandJob | ManifestJob, by = jobs) => (await run(by, job as CommandJob)).end;
  const untilWaiting = ({ name }: CommandJob, why: string) =>
    until(`it waits: ${why}`, async () => (await stateOf(jobs, name))?.waitingFor?.includes(why));
  const refusedEndOf = async (job: CommandJob) => endOf(job, await harness.open({ graces: hasty }));

  it('watches also while no pod changes and everything else does', async () => {
    const warnings: string[] = [];
    const quiet = await harness.open({ onWarning: (message) => void warnings.push(message) });
    await make('ConfigMap', 'configmaps', { metadata: { name: 'newer-than-any-pod' } });
    const stopping = new AbortController();
    const hints = quiet.changes(stopping.signal)[Symbol.asyncIterator]();
    const hinted = hints.next();
    await new Promise((resolve) => setTimeout(resolve, 5_000)); // an API server that waits for its cache gives up after 3 s
    stopping.abort();
    await hinted;
    expect(warnings).toEqual([]);
  });

  it('gives a command variables from Secrets, and never tells them', async () => {
    const job = spec('echo ${#TOKEN}', { secrets: { TOKEN: { secret: 'tokens', key: 'one' } } });
    expect(await endOf(job)).toEqual({ kind: 'exited', code: 0 });
    expect(await textsOf(jobs, job.name)).toEqual(['14']);
  });

  it('ends a command whose Secret is not there, and names it', async () => {
    const job = spec('exit 0', { secrets: { TOKEN: { secret: 'no-such', key: 'one' } } });
    const message = expect.stringContaining('no-such');
    expect(await refusedEndOf(job)).toMatchObject({ cause: 'refused', fault: 'user', message });
  });

  it('has services up before the command, reached by their names, and gone after it', async () => {
    const serve = sh('mkdir -p /tmp/w; echo from the service > /tmp/w/index.html; sleep 2; httpd -f -p 8080 -h /tmp/w');
    const services = [{ name: 'web', image: harness.image, command: serve, ready: { port: 8080 } }];
    const job = spec('wget -q -O - http://web:8080/', { services });
    expect(await endOf(job)).toEqual({ kind: 'exited', code: 0 });
    expect(await textsOf(jobs, job.name)).toEqual(['from the service']);
  });

  it('ends a command whose service never gets ready, with what the service said', async () => {
    const command = sh('echo cannot find my disk; exit 3');
    const services = [{ name: 'db', image: harness.image, command, ready: { port: 1 } }];
    const job = spec('exit 0', { services });
    await jobs.ensure(job);
    await untilWaiting(job, 'cannot find my disk');
    const impatient = await harness.open({ graces: { ...patient, startMs: 1 } });
    const { end } = await untilEnded(impatient, job.name);
    expect(end).toMatchObject({
      cause: 'service-not-ready',
      fault: 'user',
      message: expect.stringContaining('cannot find my disk'),
    });
  });

  it('ends a command whose image is not there', async () => {
    const image = `${servers.registry}/keelson-jobs-sample@sha256:${'0'.repeat(64)}`;
    const job = spec('exit 0', { image });
    expect(await refusedEndOf(job)).toMatchObject({
      cause: 'image-pull',
      fault: 'user',
      message: expect.stringContaining(image),
    });
    expect(await linesOf(jobs, job.name)).toEqual([]);
  });

  it('ends a command that no machine takes, and tells what it waits for until then', async () => {
    const job = spec('exit 0', { resources: { nodeSelector: { 'no-such': 'machine' } } });
    await jobs.ensure(job);
    await untilWaiting(job, 'affinity/selector');
    const impatient = await harness.open({ graces: hasty });
    expect((await untilEnded(impatient, job.name)).end).toMatchObject({ cause: 'unschedulable', fault: 'user' });
  });

  it('tells a command that used up its memory', async () => {
    const job = spec('head -c 200000000 /dev/zero | tail', { resources: { memory: '16Mi' } });
    const message = expect.stringContaining('16Mi');
    expect(await endOf(job)).toMatchObject({ cause: 'out-of-memory', fault: 'user', message });
  });

  it('stops a command that waits', async () => {
    const job = spec('exit 0', { resources: { devices: { 'example.test/gpu': 1 } } });
    await jobs.ensure(job);
    await jobs.stop(job.name);
    expect((await untilEnded(jobs, job.name)).end).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    expect(await linesOf(jobs, job.name)).toEqual([]);
  });

  it('tells a pod that somebody deleted, and the output that went with it', async () => {
    const job = spec('echo begun; sleep 600');
    await jobs.ensure(job);
    await until('it runs', async () => (await stateOf(jobs, job.name))?.phase === 'running');
    const path = `/api/v1/namespaces/${harness.namespace}/pods`;
    const query = { labelSelector: `keelson/job=${job.name.replaceAll('.', '-')}` };
    await harness.api.call({ what: 'deleting a pod', method: 'DELETE', path, query });
    expect((await untilEnded(jobs, job.name)).end).toMatchObject({ cause: 'deleted', fault: 'ours' });
    await until('the pod is gone', async () => {
      const entries = [];
      for await (const entry of jobs.log(job.name, { skipLines: 0 }, AbortSignal.timeout(60_000))) entries.push(entry);
      return entries.some((entry) => 'gap' in entry);
    });
  });

  it('does not touch what belongs to somebody else', async () => {
    const job = spec('exit 0');
    const name = job.name.replaceAll('.', '-');
    const pod = { restartPolicy: 'Never', containers: [{ name: 'x', image: harness.image, command: ['true'] }] };
    const path = `/apis/batch/v1/namespaces/${harness.namespace}/jobs`;
    await harness.api.call({
      ...{ what: 'making a job', method: 'POST', path },
      body: { metadata: { name }, spec: { template: { spec: pod } } },
    });
    await expect(jobs.ensure(job)).rejects.toMatchObject({ transient: false, message: expect.stringContaining(name) });
    await jobs.remove(job.name);
    expect(await harness.api.call({ what: 'looking', path: `${path}/${name}` })).toMatchObject({ kind: 'Job' });
  });

  describe('as objects', () => {
    const manifest = (objects: readonly KubeObject[], more: Partial<ManifestJob> = {}): ManifestJob => {
      const { name, timeoutMs } = spec('exit 0');
      return { name, timeoutMs, objects, ...more };
    };
    const podJob = (script: string, more: object = {}, pod: object = {}): KubeObject => ({
      ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'build' } },
      spec: {
        ...more,
        template: { spec: { containers: [{ name: 'build', image: harness.image, command: sh(script) }], ...pod } },
      },
    });
    const container = (name: string, script: string) => ({ name, image: harness.image, command: sh(script) });

    it('runs a Job with what it needs beside, and removes all of it', async () => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine' }, stringData: { word: 'hello' } };
      const volumes = [{ name: 'mine', secret: { secretName: 'mine' } }];
      const one = { ...container('one', 'cat /mine/word; echo'), volumeMounts: [{ name: 'mine', mountPath: '/mine' }] };
      const job = manifest([secret, podJob('', { ttlSecondsAfterFinished: 0 }, { volumes, containers: [one] })]);
      expect(await endOf(job)).toEqual({ kind: 'exited', code: 0 });
      expect(await textsOf(jobs, job.name)).toEqual(['hello']);
      await jobs.remove(job.name);
      const path = `/api/v1/namespaces/${harness.namespace}/secrets/mine`;
      await expect(harness.api.call({ what: 'looking', path })).rejects.toMatchObject({ status: 404 });
    });

    it('tells the output of init containers in order, then of the others, and skips over all of it', async () => {
      const initContainers = [container('a', 'echo a1; echo a2'), container('b', 'echo b1')];
      const containers = [container('c', 'sleep 1; echo c1'), container('d', 'echo d1')];
      const job = manifest([podJob('', {}, { initContainers, containers })]);
      expect(await endOf(job)).toEqual({ kind: 'exited', code: 0 });
      expect(await textsOf(jobs, job.name)).toEqual(['a1', 'a2', 'b1', 'c1', 'd1']);
      expect(outputOf(await linesOf(jobs, job.name, { skipLines: 3 })).toString()).toBe('c1\nd1\n');
    });

    it('makes its namespace first, and removes it with the job', async () => {
      const namespace = { name: `${harness.namespace}-own`, create: true, keep: false };
      const job = manifest([podJob('echo there')], { namespace });
      expect(await endOf(job)).toEqual({ kind: 'exited', code: 0 });
      expect(await textsOf(jobs, job.name)).toEqual(['there']);
      await jobs.remove(job.name);
      await until('the namespace is gone', () => isGone(namespace.name));
    });

    it('refuses what the cluster refuses, before it makes any of it, and takes the namespace away again', async () => {
      const namespace = { name: `${harness.namespace}-refused`, create: true, keep: false };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine' }, stringData: {} };
      const job = manifest([secret, podJob('exit 0', {}, { restartPolicies: 'Nevr' })], { namespace });
      await expect(jobs.ensure(job)).rejects.toMatchObject({
        ...{ transient: false, fault: 'user', message: expect.stringContaining('restartPolicies') },
      });
      await until('the namespace is gone', () => isGone(namespace.name));
    });

    it.each([
      [
        'another kind',
        (): KubeObject[] => [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } }],
        'Deployment web',
      ],
      ['two Jobs', (): KubeObject[] => [podJob('exit 0'), podJob('exit 0')], '2 Jobs'],
      ['no Job', (): KubeObject[] => [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }], '0 Jobs'],
      ['many pods', (): KubeObject[] => [podJob('exit 0', { parallelism: 3 })], 'spec.parallelism'],
      ['no containers', (): KubeObject[] => [podJob('exit 0', {}, { containers: [] })], 'containers'],
    ])('refuses %s by name', async (_what, objects, named) => {
      await expect(jobs.ensure(manifest(objects()))).rejects.toMatchObject({
        ...{ transient: false, fault: 'user', message: expect.stringContaining(named) },
      });
    });

    async function isGone(namespace: string): Promise<boolean> {
      const path = `/api/v1/namespaces/${namespace}`;
      const looked = harness.api.call({ what: 'looking', path });
      return looked.then(
        () => false,
        (error: { status?: number }) => error.status === 404,
      );
    }
  });
});

describeOn(['kubeconfig', 'registry'])('a namespace that is restricted', () => {
  let harness: KubeHarness;
  beforeAll(async () => {
    harness = await kubeHarness({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });
  afterAll(() => harness.end());

  it('runs what is known not to be root', async () => {
    const files = [{ path: 'src/x', content: 'x' }];
    const image = await pushImage({ repository: 'keelson-jobs-sample', base: 'busybox:1', files, user: '1000:1000' });
    const jobs = await harness.open({ graces: patient, userOf: () => Promise.resolve('1000:1000') });
    const job = jobSpec(harness, sh('id -u; ls /var/run/secrets 2>/dev/null || echo no token'), { image });
    expect((await run(jobs, job)).end).toEqual({ kind: 'exited', code: 0 });
    expect(await textsOf(jobs, job.name)).toEqual(['1000', 'no token']);
  });

  it('refuses root, and the job ends with what the cluster says', async () => {
    const jobs = await harness.open({ graces: hasty });
    const { end } = await run(jobs, jobSpec(harness, sh('exit 0')));
    expect(end).toMatchObject({ cause: 'refused', fault: 'user', message: expect.stringContaining('runAsNonRoot') });
  });
});
