import { account } from '@keelson/ledger';
import type { RunView } from '@keelson/ledger';
import { describeOn, pushImage, servers } from '@keelson/testbed';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { kubectl } from './support/kubectl';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a test that misbehaves', () => {
  let five: FiveServices;
  afterEach(() => five.close());
  const byName = (views: readonly RunView[], name: string): RunView => {
    const found = views.find(({ source }) => source.endsWith(`/${name}.git`));
    if (found === undefined) throw new Error(`there is no run of ${name}`);
    return found;
  };
  const repository = (name: string) => {
    const found = five.repositories.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no repository ${name}`);
    return found;
  };
  const ended = (code: string, message: RegExp) => ({
    ...{ outcome: 'failure', attempts: [{ attempt: 1 }] },
    reason: { code, message: expect.stringMatching(message) as string },
  });

  it('ends with its reason, and the others go on beside it', async () => {
    const settings = { KEELSON_LOG_LIMIT: '8' };
    five = await FiveServices.prepare({ repositories: ['endless', 'greedy', 'unpullable', 'fine'], settings });
    repository('endless').clusterPipeline('yes "no end to this"', '  timeout: 5s\n');
    const fill = 'dd if=/dev/zero of=/tmp/full bs=1M count=64 && echo filled; sleep 600';
    repository('greedy').clusterPipeline(fill, '  resources: { disk: 20Mi }\n');
    const missing = `${servers.registry}/no-such-image:1`;
    repository('unpullable').clusterPipeline(
      'echo never',
      `  services: [{ name: db, image: '${missing}', ready: { port: 1 } }]\n`,
    );
    repository('fine').clusterPipeline('echo fine');
    await five.start();
    for (const each of five.repositories) each.push();

    const views = await five.untilEnded(4, 300_000);
    expect(byName(views, 'endless')).toMatchObject(ended('timeout', /ran longer than its timeout of 5 s/));
    const [endless] = byName(views, 'endless').attempts;
    expect(endless?.log).toMatchObject({ complete: false });
    const keptMiB = (endless?.log?.bytes ?? 0) / 1024 ** 2;
    expect(keptMiB).toBeLessThanOrEqual(8);
    expect(keptMiB).toBeGreaterThan(7.9);
    expect(byName(views, 'greedy')).toMatchObject(ended('evicted', /ephemeral.* 20Mi/));
    expect(byName(views, 'unpullable')).toMatchObject(
      ended('image-pull', /no-such-image:1 cannot be pulled: .*not found/),
    );
    expect(byName(views, 'fine')).toMatchObject({ outcome: 'success', attempts: [{ attempt: 1 }] });
    expect(await outputOf(five.own, byName(views, 'fine'))).toBe('fine\n');
    expect(await account(await five.own.ledger())).toMatchObject({ balanced: true, fates: { built: 1, failed: 3 } });
    expect(await five.own.parked()).toEqual([]);
  });

  it('by being root where that is forbidden is refused with the words of the cluster, and another user is not', async () => {
    five = await FiveServices.prepare({ repositories: ['root', 'another'] });
    const label = 'pod-security.kubernetes.io/enforce=restricted';
    await kubectl(['label', 'namespace', five.own.name, label]);
    const files = [{ path: 'etc/keelson-e2e', content: '' }];
    const base = await pushImage({ repository: 'keelson-e2e-user', base: 'busybox:1', files, user: '1000:1000' });
    for (const each of five.repositories) each.clusterPipeline('id -u');
    const [name] = [repository('another').name];
    const test = 'test:\n  command: ["./ci.sh"]\n';
    repository('another').write('.keelson.yaml', `image: { name: ${name}, base: '${base}' }\n${test}`);
    await five.start();
    for (const each of five.repositories) each.push();

    const views = await five.untilEnded(2);
    expect(byName(views, 'root')).toMatchObject(ended('refused', /runAsNonRoot/));
    expect(byName(views, 'another')).toMatchObject({ outcome: 'success' });
    expect(await outputOf(five.own, byName(views, 'another'))).toBe('1000\n');
    await expectBalanced(five.own, 1);
  });
});
