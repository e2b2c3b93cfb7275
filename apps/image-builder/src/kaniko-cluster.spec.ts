import { describeBuilder } from '@keelson/testbed';
import { base, buildsOnCluster } from './builder-cluster.contract';
import { BuilderHarness } from './builder-harness.contract';

jest.setTimeout(600_000);

describeBuilder('kaniko', ['kubeconfig', 'registry'])('Kaniko on a cluster', () => {
  let harness: BuilderHarness;
  beforeAll(async () => {
    harness = await BuilderHarness.open({ strategy: 'kaniko' });
  });
  afterAll(() => harness.end());
  buildsOnCluster('kaniko', () => harness);

  it('leaves out what .dockerignore says', async () => {
    const Dockerfile = `FROM ${base()}\nCOPY . /x\nRUN test -e /x/kept && test ! -e /x/skipped\n`;
    const tree = { Dockerfile, '.dockerignore': 'skipped\n', kept: '', skipped: 'one' };
    expect((await harness.built({ sequence: 30, tree })).ended).toMatchObject({ outcome: 'success' });
    const { ended } = await harness.built({ sequence: 31, tree: { ...tree, skipped: 'two' } });
    expect(ended.build?.steps.map(({ cache }) => cache)).toEqual(['hit', 'hit']);
  });
});
