import { ClusterPart, describeOnOwnCluster } from '@keelson/testbed';
import { until } from '../support/keelson';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { jobsMade } from './support/jobs-made';

jest.setTimeout(600_000);

const lines = 150;
const counting = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done`;
const counted = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join('');
const awayMs = 5_000;

describeOnOwnCluster()('an API server that is killed amid runs', () => {
  const apiServer = new ClusterPart('kube-apiserver');
  let five: FiveServices;
  beforeEach(async () => {
    five = await FiveServices.prepare({ repositories: ['running', 'begun', 'away', 'after'] });
  });
  afterEach(async () => {
    await apiServer.start();
    await five.close();
  });

  it('is waited for: each test runs once, and no line of it is lost', async () => {
    const [running, begun, away, after] = five.repositories;
    for (const each of five.repositories) each.clusterPipeline(counting);
    await five.start();
    running?.push();
    const hasOutput = async () => (await five.own.keys('logs/')).length > 0;
    await until(hasOutput, { timeoutMs: 180_000, what: () => `output: ${five.said()}` });
    begun?.push();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await apiServer.kill();
    away?.push();
    await new Promise((resolve) => setTimeout(resolve, awayMs));
    await apiServer.start();
    after?.push();

    const views = await five.untilEnded(4);
    expect(views).toHaveLength(4);
    for (const view of views) {
      expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
      expect(await outputOf(five.own, view)).toBe(counted);
    }
    expect(await jobsMade(five.own)).toHaveLength(4);
    await expectBalanced(five.own, 4);
  });
});
