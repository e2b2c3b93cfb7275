import { describeOn } from '@keelson/testbed';
import { until } from '../support/keelson';
import { accountKubeconfig } from './support/account-kubeconfig';
import { runViews } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { kubectl } from './support/kubectl';

jest.setTimeout(300_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('a kubeconfig without the rights', () => {
  let five: FiveServices;
  beforeEach(async () => {
    five = await FiveServices.prepare({ repositories: ['widget'] });
    await kubectl(['create', 'serviceaccount', 'looker', '-n', five.own.name]);
    const looks = ['--verb=get,list,watch', '--resource=jobs,pods,events'];
    await kubectl(['create', 'role', 'looker', '-n', five.own.name, ...looks]);
    const bound = ['--role=looker', `--serviceaccount=${five.own.name}:looker`];
    await kubectl(['create', 'rolebinding', 'looker', '-n', five.own.name, ...bound]);
  });
  afterEach(() => five.close());

  it('to see Jobs is told in the log: which verb, on what, in which namespace; and it is tried again', async () => {
    const { name } = five.own;
    const service = five.launch('test-runner', { KEELSON_KUBECONFIG: await accountKubeconfig('default', name) });
    await service.started();
    const faults = () => service.logged('an observer could not look');
    await until(() => faults().length >= 2, { timeoutMs: 30_000, what: () => `two looks: ${service.stderr}` });
    const { message } = faults()[0]?.err as { message: string };
    expect(message).toContain(`User "system:serviceaccount:${name}:default"`);
    expect(message).toContain(`cannot list resource "jobs" in API group "batch" in the namespace "${name}"`);
    expect(message).toContain('give its Role this right');
    expect(service.stderr).not.toMatch(/eyJ[\w-]{20}/); // its token
    await kubectl([
      'create',
      'rolebinding',
      'default',
      '-n',
      name,
      '--role=looker',
      `--serviceaccount=${name}:default`,
    ]);
    const before = faults().length;
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    expect(faults().length - before).toBeLessThan(2);
  });

  it('to make Jobs ends the run with what is missing, and begins again by itself once it is given', async () => {
    const { name } = five.own;
    const looker = await accountKubeconfig('looker', name);
    for (const service of ['watcher', 'bootstrapper', 'image-builder', 'registry-poller'] as const)
      five.launch(service);
    five.launch('test-runner', { KEELSON_KUBECONFIG: looker });
    five.repositories[0]?.clusterPipeline('echo tested');
    five.repositories[0]?.push();
    const first = async () => (await runViews(five.own))[0]?.attempts[0];
    const hasEnded = async () => ((await first())?.outcome ?? 'running') !== 'running';
    await until(hasEnded, { timeoutMs: 90_000, what: () => `the end of the first attempt: ${five.said()}` });
    expect(await first()).toMatchObject({ outcome: 'error', reason: { code: 'not-started' } });
    const said = (await first())?.reason?.message;
    expect(said).toContain(`cannot create resource "jobs" in API group "batch" in the namespace "${name}"`);
    expect(said).toContain('give its Role this right');

    const all = ['--verb=*', '--resource=jobs.batch,pods,events,pods/log,secrets,configmaps,services'];
    await kubectl(['create', 'role', 'worker', '-n', name, ...all]);
    await kubectl(['create', 'rolebinding', 'worker', '-n', name, '--role=worker', `--serviceaccount=${name}:looker`]);
    const [view] = await five.untilEnded(1);
    expect(view).toMatchObject({ outcome: 'success' });
    expect(await five.own.parked()).toEqual([]);
  });
});
