import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describeOn, servers } from '@keelson/testbed';
import { expectEnd, keelson, newDirectory, until } from '../support/keelson';
import { accountKubeconfig } from './support/account-kubeconfig';
import { buildImages } from './support/deployment';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { kubectl } from './support/kubectl';
import { inOwnNamespaces, render, written } from './support/manifests';
import type { Own } from './support/manifests';
import { services } from './support/service-process';

jest.setTimeout(600_000);

/** The services' own accounts, and nothing more than the manifests give them. */
async function makeAccounts(own: Own): Promise<void> {
  const manifests = inOwnNamespaces(await render('base'), own);
  const of = (...kinds: string[]) => written(manifests.filter(({ kind }) => kinds.includes(kind)));
  await kubectl(['apply', '--server-side', '-f', '-'], of('Namespace'));
  await kubectl(['apply', '--server-side', '-f', '-'], of('ServiceAccount', 'Role', 'RoleBinding'));
}

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('what a test gets from a cluster', () => {
  let five: FiveServices;
  let namespaces: Own;

  beforeAll(async () => {
    five = await FiveServices.prepare({ repositories: ['widget'] });
    const { own } = five;
    namespaces = { services: own.name, work: `${own.name}-work`, suffix: `-${own.name}` };
    await makeAccounts(namespaces);
    const secret = ['create', 'secret', 'generic', 'registry-token', '--from-literal=token=hunter22'];
    await kubectl([...secret, '-n', namespaces.work]);
    const { helper } = await buildImages(own.name);
    const store = new URL(own.settings(servers.hostIp).KEELSON_S3 ?? '').origin;
    const pods = { KEELSON_NAMESPACE: namespaces.work, KEELSON_POD_HELPER: helper, KEELSON_POD_S3: store };
    for (const name of services) {
      const isAllowed = name === 'image-builder' || name === 'test-runner';
      const rights = isAllowed ? { KEELSON_KUBECONFIG: await accountKubeconfig(name, namespaces.services) } : {};
      five.launch(name, { ...pods, ...rights });
    }
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', namespaces.work, '--wait=false']);
    await five.close();
  });

  it('is all that the pipeline file asks for, under the rights that the manifests give', async () => {
    const script = [
      ...['wget -q -O - http://web:8080/', 'echo "a token of ${#TOKEN} letters"'],
      ...['[ ! -e /var/run/secrets/kubernetes.io/serviceaccount/token ] && echo no account'],
      ...['mkdir -p out', 'echo "all widgets turn" > out/report.txt', 'echo kept nowhere > other.txt'],
      // What the container may use at most, as the kernel has it.
      'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | head -n 1',
    ];
    const serve = 'mkdir /tmp/w; echo from the service > /tmp/w/index.html; sleep 1; httpd -f -p 8080 -h /tmp/w';
    const web = `{ name: web, image: '${servers.registry}/busybox:1', command: [sh, -c, '${serve}'], ready: { port: 8080 } }`;
    const { own } = five;
    const [repository] = five.repositories;
    repository?.clusterPipeline(
      script.join('\n'),
      [
        ...['  secrets: { TOKEN: { secret: registry-token, key: token } }', `  services: [${web}]`],
        ...['  resources: { memory: 64Mi, cpu: 10m }', "  artifacts: ['out/*.txt']", ''],
      ].join('\n'),
    );
    const commit = repository?.push();
    const [view] = await five.untilEnded(1);
    expect(view).toMatchObject({ commit, outcome: 'success', attempts: [{ attempt: 1 }] });
    const output = await outputOf(own, view!);
    expect(output).toBe(`from the service\na token of 8 letters\nno account\n${64 * 1024 ** 2}\n`);
    const to = newDirectory('artifacts');
    const fetched = await keelson(['artifacts', 'last', '--to', to, '--json'], { env: own.environment });
    expectEnd(fetched, { status: 0 });
    expect(readFileSync(path.join(to, 'out/report.txt'), 'utf8')).toBe('all widgets turn\n');
    expect(fetched.stdout).not.toContain('other.txt');
    await expectBalanced(own, 1);
    // What is kept was copied: nothing is left of the pod's own upload.
    const isClean = async () => (await own.keys('uploads/')).length === 0;
    await until(isClean, { timeoutMs: 180_000, what: () => `the end of the uploads: ${five.said()}` });
  });
});
