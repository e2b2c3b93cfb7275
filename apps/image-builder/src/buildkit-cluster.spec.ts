import { describeOn } from '@keelson/testbed';
import { buildsOnCluster, dockerfile } from './builder-cluster.contract';
import { podsOf } from './builder-faults.contract';
import { BuilderHarness } from './builder-harness.contract';
import { placesWith } from './builder-logins.contract';

jest.setTimeout(600_000);

describeOn(['kubeconfig', 'registry'])('BuildKit on a cluster', () => {
  let harness: BuilderHarness;
  beforeAll(async () => {
    harness = await BuilderHarness.open();
  });
  afterAll(() => harness.end());
  buildsOnCluster('buildkit', () => harness);

  it('gives a step a secret of the namespace, and keeps it nowhere', async () => {
    const value = 'correct-horse-battery';
    await harness.kube.api.call({
      ...{ what: 'making a secret', method: 'POST', path: `/api/v1/namespaces/${harness.kube.namespace}/secrets` },
      body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'npm' }, stringData: { token: value } },
    });
    const secrets = { npm: { secret: 'npm', key: 'token' } };
    // Only the length is printed.
    const step = 'RUN --mount=type=secret,id=npm printf "%s letters" "$(wc -c </run/secrets/npm)" && false';
    let pods = '';
    const { ended, event } = await harness.built(
      { sequence: 30, tree: dockerfile(step), build: { strategy: 'buildkit', secrets } },
      async () => {
        pods += JSON.stringify(await podsOf(harness));
      },
    );
    expect(ended.reason?.message).toContain(`${value.length} letters`);
    expect(await harness.logOf(event)).toContain(step);
    expect(await placesWith(harness, value, pods)).toEqual([]);
  });
});
