import { describeOn } from '@keelson/testbed';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { kubectl } from './support/kubectl';
import { services } from './support/service-process';
import type { ServiceProcess } from './support/service-process';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('two of each service', () => {
  let five: FiveServices;
  beforeEach(async () => {
    five = await FiveServices.prepare({ repositories: ['widget'] });
  });
  afterEach(() => five.close());

  /** The Jobs for which the cluster made a pod, each as often as it did. */
  const podsCreated = async (): Promise<string[]> => {
    const created = 'jsonpath={range .items[*]}{.involvedObject.kind} {.involvedObject.name}{"\\n"}{end}';
    const text = await kubectl([
      'get',
      'events',
      '-n',
      five.own.name,
      '--field-selector',
      'reason=SuccessfulCreate',
      '-o',
      created,
    ]);
    return text.split('\n').filter((line) => line.startsWith('Job '));
  };

  it('share the work without doing any of it twice, and go on when all the leaders die', async () => {
    const [repository] = five.repositories;
    repository?.clusterPipeline('echo "commit $KEELSON_COMMIT"');
    const first = repository?.push('first');
    const leaders: ServiceProcess[] = [];
    // The first of each to ask leads; the other one waits for its end.
    for (const name of services) leaders.push(await five.launch(name).started());
    await five.start();
    expect(await five.untilEnded(1)).toMatchObject([{ commit: first, outcome: 'success' }]);

    await Promise.all(leaders.map((leader) => leader.kill()));
    const second = repository?.push('second');
    const killedAtMs = Date.now();
    const views = await five.untilEnded(2);
    const [, after] = views;
    expect(after).toMatchObject({ commit: second, outcome: 'success' });
    // Somebody else looked at the repository, and somebody else started the Job and followed it.
    const seenAtMs = Date.parse(after?.attempts[0]?.openedAt ?? '');
    expect(seenAtMs - killedAtMs).toBeLessThan(30_000);

    for (const view of views) {
      expect(view.attempts).toHaveLength(1);
      expect(await outputOf(five.own, view)).toBe(`commit ${view.commit}\n`);
    }
    const pods = await podsCreated();
    expect(pods.length).toBe(2);
    expect(new Set(pods).size).toBe(2);
    await expectBalanced(five.own, 2);
  });
});
