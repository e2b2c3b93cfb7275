import { text } from 'node:stream/consumers';
import { describeOn } from '@keelson/testbed';
import { run, textsOf } from '../jobs-harness.contract';
import { kubeHarness } from '../kube-harness.contract';
import type { KubeHarness } from '../kube-harness.contract';
import type { CommandJob, ManifestJob } from '../jobs';

type Listed = { metadata: { name: string; deletionTimestamp?: string } };

describeOn(['kubeconfig', 'registry'])('a namespace that is to stay', () => {
  let harness: KubeHarness;
  beforeAll(async () => {
    harness = await kubeHarness();
  });
  afterAll(async () => {
    await call(`/api/v1/namespaces/${space()}`, { method: 'DELETE' });
    await harness.end();
  });

  const space = () => `${harness.namespace}-kept`;
  const call = (path: string, more: { method?: 'DELETE'; query?: Record<string, string> } = {}) =>
    harness.api.call({ what: 'looking', path, ...more });
  const kept = async (path: string): Promise<Listed[]> =>
    ((await call(path, { query: { labelSelector: 'keelson/kept' } })) as { items: Listed[] }).items;

  const job = (): ManifestJob => ({
    ...{ name: `${harness.namespace}-kept-job`, timeoutMs: 60_000 },
    namespace: { name: space(), create: true, keep: true },
    objects: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine' }, stringData: { a: 'b' } },
      {
        ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'any' } },
        spec: {
          template: {
            spec: { containers: [{ name: 'main', image: harness.image, command: ['sh', '-c', 'echo there'] }] },
          },
        },
      },
    ],
  });

  it('keeps the Job, its pod with the log, and what is beside it, when the job is forgotten', async () => {
    const jobs = await harness.open({ anyNamespace: true });
    const made = job();
    const { end } = await run(jobs, made as unknown as CommandJob);
    expect(end).toEqual({ kind: 'exited', code: 0 });
    expect(await textsOf(jobs, made.name)).toEqual(['there']);
    await jobs.remove(made.name);
    await jobs.remove(made.name);
    expect((await jobs.list()).map(({ name }) => name)).not.toContain(made.name);
    expect(await kept(`/apis/batch/v1/namespaces/${space()}/jobs`)).toHaveLength(1);
    const [pod] = await kept(`/api/v1/namespaces/${space()}/pods`);
    expect(pod?.metadata.deletionTimestamp).toBeUndefined();
    const path = `/api/v1/namespaces/${space()}/pods/${pod?.metadata.name ?? ''}/log`;
    expect(await text(await harness.api.stream({ what: 'reading the log', path }))).toBe('there\n');
    expect(await call(`/api/v1/namespaces/${space()}/secrets/mine`)).toMatchObject({ metadata: { name: 'mine' } });
  });
});
