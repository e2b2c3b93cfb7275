import { describeOn, servers } from '@keelson/testbed';
import { expectBalanced, outputOf, untilEnded } from './support/expect-run';
import { kubectl } from './support/kubectl';
import { OwnServers } from './support/own-servers';
import { ServedRepository } from './support/served-repository';
import { ServiceProcess, services } from './support/service-process';
import type { ServiceName } from './support/service-process';

jest.setTimeout(240_000);

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
  let own: OwnServers;
  let repository: ServedRepository;
  let running: ServiceProcess[] = [];
  let environment: Record<string, string>;

  beforeEach(async () => {
    own = await new OwnServers().open();
    await kubectl(['create', 'namespace', own.name]);
    repository = new ServedRepository('widget');
    environment = {
      ...own.environment,
      ...{ KEELSON_NAMESPACE: own.name, KEELSON_KUBECONFIG: servers.kubeconfig },
      ...{ KEELSON_SOURCES: `${await repository.serve()}^main`, KEELSON_SOURCE_INTERVAL: '1s' },
    };
  });
  afterEach(async () => {
    await Promise.all(running.map((service) => service.kill()));
    await kubectl(['delete', 'namespace', own.name, '--wait=false']);
    await repository.close();
    await own.close();
  });

  it.each(moments)('%s at: %s', async (victim, moment) => {
    repository.clusterPipeline('for i in 1 2 3 4 5; do echo "line $i"; sleep 0.1; done');
    const commit = repository.push();
    const start = (name: ServiceName) => new ServiceProcess(name, environment, name === victim ? moment : undefined);
    running = services.map(start);
    const dying = running.find(({ name }) => name === victim);
    expect(await dying?.ended).toEqual({ status: null, signal: 'SIGKILL' });
    running.push(new ServiceProcess(victim, environment));

    const said = () => running.map(({ name, stderr }) => `${name}: ${stderr}`).join('\n');
    const views = await untilEnded(own, { count: 1, said });
    expect(views).toMatchObject([{ commit, outcome: 'success', attempts: [{ attempt: 1 }] }]);
    for (const view of views) expect(await outputOf(own, view)).toBe('line 1\nline 2\nline 3\nline 4\nline 5\n');
    await expectBalanced(own, 1);
  });
});
