import { describeOn } from '@keelson/testbed';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { services } from './support/service-process';
import type { ServiceName } from './support/service-process';

jest.setTimeout(600_000);

/** Each service, killed when it has taken an event, and when all that the event leads to is done but its acknowledgement. */
const moments: readonly (readonly [ServiceName, string])[] = [
  ['watcher', 'PUT /changes/'],
  ...(['bootstrapper', 'image-builder', 'registry-poller', 'test-runner'] as const).flatMap((service) => [
    [service, 'taken'] as const,
    [service, 'done'] as const,
  ]),
  ['test-runner', 'POST /jobs'],
  ['test-runner', 'PUT /manifest.json'],
];

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('kill -9 on real servers', () => {
  let five: FiveServices;
  beforeEach(async () => {
    five = await FiveServices.prepare({ repositories: ['widget'] });
  });
  afterEach(() => five.close());

  it.each(moments)('%s at: %s', async (victim, moment) => {
    const { own } = five;
    const [repository] = five.repositories;
    repository?.clusterPipeline('for i in 1 2 3 4 5; do echo "line $i"; sleep 0.1; done');
    const commit = repository?.push();
    for (const name of services) five.launch(name, {}, name === victim ? moment : undefined);
    expect(await five.service(victim).ended).toEqual({ status: null, signal: 'SIGKILL' });
    five.launch(victim);

    const views = await five.untilEnded(1);
    expect(views).toMatchObject([{ commit, outcome: 'success', attempts: [{ attempt: 1 }] }]);
    for (const view of views) expect(await outputOf(own, view)).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
    await expectBalanced(own, 1);
  });
});
