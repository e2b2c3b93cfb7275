import type { HealthReport } from '@keelson/service';
import { describeOn, freePort } from '@keelson/testbed';
import { until } from '../support/keelson';
import { accountKubeconfig } from './support/account-kubeconfig';
import { runViews } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { kubectl } from './support/kubectl';

jest.setTimeout(600_000);

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

  it('to run Jobs is told by /readyz, each verb on what and where, and once in the log; it begins by itself once they are given', async () => {
    const { name } = five.own;
    const port = await freePort();
    const kubeconfig = await accountKubeconfig('default', name);
    const service = five.launch('test-runner', { KEELSON_KUBECONFIG: kubeconfig, KEELSON_HEALTH_PORT: String(port) });
    await service.started();
    const page = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    const reasons = async () =>
      (JSON.parse(await page('/readyz')) as HealthReport).checks.find((check) => check.name === 'cluster')?.reasons;
    const missing = (...rights: readonly string[]) =>
      rights.map((right) => `may not ${right} in the namespace ${name}: give its Role this right`);
    const all = ['create', 'get', 'list', 'patch', 'delete'].map((verb) => `${verb} jobs.batch`);
    all.push('list pods', 'watch pods', 'patch pods', 'get pods/log', 'list events');
    const isMissing = (expected: readonly string[]) => async () =>
      JSON.stringify(await reasons()) === JSON.stringify(expected);
    await until(isMissing(missing(...all)), { what: () => 'all to be missing' });

    const passes = async () =>
      Number(/_passes_total\{.*outcome="error"\} (\d+)/.exec(await page('/metrics'))?.[1] ?? 0);
    await until(async () => (await passes()) >= 3, { what: () => `three looks: ${service.stderr}` });
    const faults = service.logged('an observer could not look');
    expect(faults).toHaveLength(1);
    const { message } = faults[0]?.err as { message: string };
    expect(message).toContain(`User "system:serviceaccount:${name}:default"`);
    expect(message).toContain(`cannot list resource "jobs" in API group "batch" in the namespace "${name}"`);
    expect(message).toContain('give its Role this right');
    expect(service.stderr).not.toMatch(/eyJ[\w-]{20}/); // its token

    const give = (role: string) =>
      kubectl([
        'create',
        'rolebinding',
        `${role}-too`,
        '-n',
        name,
        `--role=${role}`,
        `--serviceaccount=${name}:default`,
      ]);
    await give('looker');
    const rest = missing('create jobs.batch', 'patch jobs.batch', 'delete jobs.batch', 'patch pods', 'get pods/log');
    await until(isMissing(rest), { what: () => 'the rest to be missing' });
    await kubectl(['create', 'role', 'doer', '-n', name, '--verb=*', '--resource=jobs.batch,pods,pods/log']);
    await give('doer');
    await until(isMissing([]), { what: () => 'nothing to be missing' });
    const hasLooked = () => service.logged('an observer can look again').length === 1;
    await until(hasLooked, { timeoutMs: 180_000, what: () => `a look that succeeds: ${service.stderr}` });
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
    await until(hasEnded, { timeoutMs: 180_000, what: () => `the end of the first attempt: ${five.said()}` });
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
