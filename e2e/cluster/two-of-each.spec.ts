import { describeOn, servers } from '@keelson/testbed';
import { expectBalanced, outputOf, untilEnded } from './support/expect-run';
import { kubectl } from './support/kubectl';
import { OwnServers } from './support/own-servers';
import { ServedRepository } from './support/served-repository';
import { ServiceProcess, services } from './support/service-process';
import type { ServiceName } from './support/service-process';

jest.setTimeout(300_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('two of each service', () => {
  let own: OwnServers;
  let repository: ServedRepository;
  let environment: Record<string, string>;
  const running: ServiceProcess[] = [];
  const said = () => running.map(({ name, stderr }) => `${name}: ${stderr}`).join('\n');

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
    await Promise.all(running.splice(0).map((service) => service.kill()));
    await kubectl(['delete', 'namespace', own.name, '--wait=false']);
    await repository.close();
    await own.close();
  });

  const start = async (name: ServiceName): Promise<ServiceProcess> => {
    const service = new ServiceProcess(name, environment);
    running.push(service);
    return service.started();
  };

  /** The Jobs for which the cluster made a pod, each as often as it did. */
  const podsCreated = async (): Promise<string[]> => {
    const created = 'jsonpath={range .items[*]}{.involvedObject.kind} {.involvedObject.name}{"\\n"}{end}';
    const text = await kubectl([
      'get',
      'events',
      '-n',
      own.name,
      '--field-selector',
      'reason=SuccessfulCreate',
      '-o',
      created,
    ]);
    return text.split('\n').filter((line) => line.startsWith('Job '));
  };

  it('share the work without doing any of it twice, and go on when all the leaders die', async () => {
    repository.clusterPipeline('echo "commit $KEELSON_COMMIT"');
    const first = repository.push('first');
    const leaders: ServiceProcess[] = [];
    // The first of each to ask leads; the other one waits for its end.
    for (const name of services) leaders.push(await start(name));
    for (const name of services) await start(name);
    expect(await untilEnded(own, { count: 1, said })).toMatchObject([{ commit: first, outcome: 'success' }]);

    await Promise.all(leaders.map((leader) => leader.kill()));
    const second = repository.push('second');
    const killedAtMs = Date.now();
    const views = await untilEnded(own, { count: 2, said });
    const [, after] = views;
    expect(after).toMatchObject({ commit: second, outcome: 'success' });
    // Somebody else looked at the repository, and somebody else started the Job and followed it.
    const seenAtMs = Date.parse(after?.attempts[0]?.openedAt ?? '');
    expect(seenAtMs - killedAtMs).toBeLessThan(30_000);

    for (const view of views) {
      expect(view.attempts).toHaveLength(1);
      expect(await outputOf(own, view)).toBe(`commit ${view.commit}\n`);
    }
    const pods = await podsCreated();
    expect(pods.length).toBe(2);
    expect(new Set(pods).size).toBe(2);
    await expectBalanced(own, 2);
  });
});
