import { ClusterPart, describeOnOwnCluster } from '@keelson/testbed';
import { until } from '../support/keelson';
import { expectBalanced, logOf, outputOf, runViews } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { jobsMade } from './support/jobs-made';
import { kubectl, kubectlRaw } from './support/kubectl';

jest.setTimeout(600_000);

const lines = 100;
const counting = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done`;
const counted = Array.from({ length: lines }, (_, index) => `line ${index + 1}\n`).join('');
/** Our pods bear a lost node for 30 s. */
const lostWithinMs = 90_000;
const lost = ['taint', 'node', 'node1', 'node.kubernetes.io/unreachable:NoExecute'] as const;

describeOnOwnCluster()('a kubelet that is killed while a test runs', () => {
  const kubelet = new ClusterPart('kubelet');
  let five: FiveServices;
  beforeEach(async () => {
    five = await FiveServices.prepare({ repositories: ['widget'] });
  });
  afterEach(async () => {
    await comeBack();
    await five.close();
  });

  const comeBack = async () => {
    await kubelet.start();
    await kubectlRaw([...lost.slice(0, 3), `${lost[3]}-`]); // unless the cluster has taken it back
  };
  const killAmid = async (script: string) => {
    const [widget] = five.repositories;
    widget?.clusterPipeline(script);
    await five.start();
    widget?.push();
    const hasOutput = async () => (await five.own.keys('logs/')).length > 0;
    await until(hasOutput, { timeoutMs: 180_000, what: () => `output: ${five.said()}` });
    await kubelet.kill();
  };

  it('and comes back: the test goes on, and no line of it is lost', async () => {
    await killAmid(counting);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await kubelet.start();
    const [view] = await five.untilEnded(1);
    expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
    if (view !== undefined) expect(await outputOf(five.own, view)).toBe(counted);
    expect(await jobsMade(five.own)).toHaveLength(1);
    await expectBalanced(five.own, 1);
  });

  it('and stays away: the attempt ends by the loss of its node, and the test is run again on one that works', async () => {
    await killAmid(`[ "$KEELSON_ATTEMPT" = 1 ] || { echo again; exit 0; }; echo first; sleep 600`);
    await kubectl(['wait', '--for=condition=Ready=Unknown', 'node/node1', '--timeout=120s']);
    // It would say so itself of one node among others; when all are lost it takes its own connection for the fault.
    await kubectl([...lost, '--overwrite']);
    const isLost = async () => (await runViews(five.own)).some(({ attempts }) => attempts[0]?.outcome === 'error');
    await until(isLost, { timeoutMs: lostWithinMs, what: () => `the end of the first attempt: ${five.said()}` });
    await comeBack();
    const [view] = await five.untilEnded(1);
    const first = { attempt: 1, outcome: 'error', reason: { code: 'node-lost' } };
    expect(view).toMatchObject({ outcome: 'success', attempts: [first, { attempt: 2 }] });
    if (view === undefined) return;
    expect(await outputOf(five.own, view)).toBe('again\n');
    // What it would have printed nobody knows.
    const { manifest, text } = await logOf(five.own, view.run, 1);
    expect(manifest).toMatchObject({ complete: false, gaps: [expect.anything()] });
    expect(text).toBe('first\n');
    expect(await jobsMade(five.own)).toHaveLength(2);
    await expectBalanced(five.own, 1);
  });
});
