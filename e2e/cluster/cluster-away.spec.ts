import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describeOn, FaultProxy, servers } from '@keelson/testbed';
import { newDirectory, until } from '../support/keelson';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { jobsMade } from './support/jobs-made';
import { kubectl } from './support/kubectl';

jest.setTimeout(600_000);

const linesTo = (last: number) => Array.from({ length: last }, (_, index) => `line ${index + 1}\n`).join('');
const counting = (last: number) => `i=0; while [ $i -lt ${last} ]; do i=$((i+1)); echo "line $i"; sleep 0.1; done`;

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a cluster that is out of reach', () => {
  let api: FaultProxy;
  let five: FiveServices;
  beforeEach(async () => {
    const given = readFileSync(servers.kubeconfig, 'utf8');
    const address = /https:\/\/[\w.:]+/;
    const { port } = new URL(address.exec(given)?.[0] ?? '');
    api = await FaultProxy.start(`127.0.0.1:${port}`);
    const kubeconfig = path.join(newDirectory('kube'), 'config');
    writeFileSync(kubeconfig, given.replace(address, `https://${api.address}`), { mode: 0o600 });
    five = await FiveServices.prepare({ at: { kubeconfig }, repositories: ['widget', 'gadget'] });
  });
  afterEach(async () => {
    await five.close();
    await api.close();
  });

  const startWithOutput = async (lines: number, then = 'true') => {
    const [widget, gadget] = five.repositories;
    widget?.clusterPipeline(`${counting(lines)}; ${then}`);
    gadget?.clusterPipeline('echo "line 1"');
    await five.start();
    widget?.push();
    const hasOutput = async () => (await five.own.keys('logs/')).length > 0;
    await until(hasOutput, { timeoutMs: 180_000, what: () => `output: ${five.said()}` });
  };

  it.each([
    ['cut connections again and again', 'cut'],
    ['an API server that refuses connections', 'refuse'],
    ['one that takes them and is silent', 'hold'],
  ] as const)('is waited for: %s', async (_, how) => {
    await startWithOutput(100);
    if (how !== 'cut') api.set(how);
    five.repositories[1]?.push();
    for (let times = 0; times < 15; times += 1) {
      if (how === 'cut') api.cut();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    api.set('pass');
    const views = await five.untilEnded(2);
    for (const view of views) expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
    const outputs = await Promise.all(views.map((view) => outputOf(five.own, view)));
    expect(outputs.sort()).toEqual([linesTo(1), linesTo(100)]);
    expect(await jobsMade(five.own)).toHaveLength(2);
    await expectBalanced(five.own, 2);
  });

  it('tests again when a pod was deleted, in a Job of its own, and keeps what the first one printed', async () => {
    // The first attempt does not end by itself.
    await startWithOutput(100, '[ "$KEELSON_ATTEMPT" != 1 ] || sleep 600');
    await kubectl(['delete', 'pod', '--all', '-n', five.own.name, '--wait=false', '--grace-period=1']);
    const [view] = await five.untilEnded(1);
    expect(view).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1, outcome: 'error' }, { attempt: 2 }] });
    if (view === undefined) return;
    expect(await outputOf(five.own, view)).toBe(linesTo(100));
    expect(view.attempts[0]?.log?.lines).toBeGreaterThan(0);
    expect(await jobsMade(five.own)).toHaveLength(2);
    await expectBalanced(five.own, 1);
  });
});
