import { describeOn } from '@keelson/testbed';
import { buildsOnCluster } from './builder-cluster.contract';
import { BuilderHarness } from './builder-harness.contract';

jest.setTimeout(180_000);

describeOn(['kubeconfig', 'registry'])('BuildKit on a cluster', () => {
  let harness: BuilderHarness;
  beforeAll(async () => {
    harness = await BuilderHarness.open();
  });
  afterAll(() => harness.end());
  buildsOnCluster('buildkit', () => harness);
});
