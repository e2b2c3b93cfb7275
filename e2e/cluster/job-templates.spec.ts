import { cpSync } from 'node:fs';
import path from 'node:path';
import { describeOn, servers } from '@keelson/testbed';
import { podHelperImage } from '../../libs/jobs/src/kube-harness.contract';
import { Keelson, expectEnd, newData, until } from '../support/keelson';
import { TestRepository } from '../support/repository';
import { kubectl } from './support/kubectl';

// A build and a test, a pod each, on a machine that does other things as well.
jest.setTimeout(600_000);

const project = path.join(__dirname, 'testdata', 'template-project');

const longJob = `apiVersion: batch/v1
kind: Job
metadata: { name: long, namespace: '{{ .Namespace }}' }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - { name: main, image: '${servers.registry}/busybox:1', command: [sh, -c, 'trap "exit 1" TERM; echo begun; while :; do sleep 0.2; done'] }
`;

describeOn(['kubeconfig', 'registry'])('a project that is built by a Job template', () => {
  let helper: string;
  beforeAll(async () => {
    helper = await podHelperImage();
  });

  const [ip = '', port = ''] = servers.registry.split(':');
  const environment = (): Record<string, string> => ({
    ...{ KUBECONFIG: servers.kubeconfig, KEELSON_KUBECONFIG: servers.kubeconfig, KEELSON_POD_HELPER: helper },
    ...{ RegistryIP: ip, RegistryPort: port, AWS_EC2_METADATA_DISABLED: 'true' },
    Registry: `'${servers.registry}':\n  .*:\n    security:\n      basic: { username: me, password: hunter2 }\n`,
    KEELSON_REGISTRIES: JSON.stringify([{ name: servers.registry, plainHttp: true }]),
    ...{ KEELSON_NAMESPACE: 'default', KEELSON_ANY_NAMESPACE: 'true' },
    KEELSON_TEMPLATE_ENV: 'Registry,RegistryIP,RegistryPort',
  });

  function repository(): TestRepository {
    const made = new TestRepository();
    cpSync(project, made.path, { recursive: true });
    return made;
  }

  const keelson = async (args: readonly string[]) => {
    const ended = await new Keelson(args, { env: environment() }).ended;
    return { ...ended, told: `${ended.stdout}${ended.stderr}` };
  };

  /** The namespaces made for templates that are still there, or going. */
  const namespaces = async (): Promise<string[]> =>
    (
      await kubectl([
        'get',
        'namespaces',
        '-o',
        'jsonpath={range .items[?(@.status.phase=="Active")]}{.metadata.name} {end}',
      ])
    )
      .split(' ')
      .filter((name) => name.startsWith('gw-0-9-14-feature-212-'));

  it('through its pipeline file, and tested by another template in the image that it pushed', async () => {
    const made = repository();
    const commit = made.commit();
    const data = newData();
    const up = await keelson(['up', made.path, '--once', '--kube', '--registry', servers.registry, '--data', data]);
    expectEnd(up, { status: 0 });
    expect(up.told).toContain('tested ');
    expect(up.told).toContain("the hostPath volume context (/keelson/source) is replaced by the commit's source");
    const build = await keelson(['logs', 'last', '--stage', 'build', '--data', data]);
    expect(build).toMatchObject({ status: 0, stdout: expect.stringContaining(`commit ${commit}`) });
    expect(build.stdout).toContain(
      `pushed ${servers.registry}/keelson-template-project:0.9.14-feature-212-aaaagjecnus-${commit.slice(0, 12)}`,
    );
    const rendered = await keelson(['show', 'last', '--rendered', 'build', '--data', data]);
    expect(rendered.stdout).toContain('name: imagebuilder-');
    expect(rendered.stdout).not.toContain('hunter2');
    const account = await keelson(['account', '--json', '--data', data]);
    expect(JSON.parse(account.stdout)).toMatchObject({ balanced: true, fates: { built: 1 } });
  });

  it("through git-watch's command line, for every branch that it names", async () => {
    const made = repository();
    made.git('rm', '-q', '-r', '--cached', '--ignore-unmatch', '.keelson.yaml');
    made.write('.gitignore', '.keelson.yaml\n');
    made.commit();
    made.git('branch', 'feature/other');
    const data = newData();
    const sources = [`${made.path}^main`, `${made.path}^feature/other`];
    const watch = ['watch', '-v', '--ignore-aws-errors', '--once', '-persistent-state-dir', data];
    const ended = await keelson([...watch, '--job-template', 'ci/containerize.yaml', ...sources]);
    expect(ended.told).toContain('ci/containerize.yaml is rendered; namespace gw-0-9-14-feature-212-aaaagjecnus-');
    const account = await keelson(['account', '--json', '--data', data]);
    expect(JSON.parse(account.stdout)).toMatchObject({ balanced: true, fates: { built: 2 } });
    const shown = await keelson(['show', 'last', '--json', '--data', data]);
    expect(shown.stdout).toContain('ends-at-build');
    expect(ended.told).not.toContain('hunter2');
  });

  it('and with --debug its namespace stays, with the Job and a pod whose log can be read', async () => {
    const made = repository();
    made.git('rm', '-q', '-r', '--cached', '--ignore-unmatch', '.keelson.yaml');
    made.commit();
    const before = await namespaces();
    const watch = ['watch', '--debug', '--once', '-persistent-state-dir', newData()];
    const ended = await keelson([...watch, '--job-template', 'ci/containerize.yaml', `${made.path}^main`]);
    expectEnd(ended, { status: 0, stdout: expect.stringMatching(/namespace gw-[^;]*, which stays/) });
    const [kept = '', ...others] = (await namespaces()).filter((name) => !before.includes(name));
    try {
      expect(others).toEqual([]);
      const labelled = ['-n', kept, '-l', 'keelson/kept', '-o', 'name'];
      expect(await kubectl(['get', 'jobs', ...labelled])).toMatch(/^job\.batch\/\S+\n$/);
      expect(await kubectl(['get', 'secret', 'registry', '-n', kept, '-o', 'name'])).toBe('secret/registry\n');
      const pod = (await kubectl(['get', 'pods', ...labelled])).trim();
      expect(await kubectl(['logs', pod, '-n', kept, '-c', 'build'])).toContain('pushed ');
    } finally {
      await kubectl(['delete', 'namespace', kept, '--wait=false', '--ignore-not-found']);
    }
  });

  it('and one that is cancelled takes its Job and its namespace along, before the command ends', async () => {
    const made = repository();
    made.write('ci/long.yaml', longJob);
    made.commit();
    const before = await namespaces();
    const data = newData();
    const watch = ['watch', '--once', '-persistent-state-dir', data, '--job-template', 'ci/long.yaml', made.path];
    const running = new Keelson(watch, { env: environment() });
    await until(async () => (await keelson(['logs', 'last', '--stage', 'build', '--data', data])).stdout !== '', {
      timeoutMs: 180_000,
      what: () => `output of the build:\n${running.stdout}${running.stderr}`,
    });
    await keelson(['cancel', 'last', '--data', data]);
    expectEnd(await running.ended, { status: 2, stdout: expect.stringContaining('CANCELLED') });
    expect((await namespaces()).filter((name) => !before.includes(name))).toEqual([]);
  });

  it('and what the cluster refuses leaves no namespace behind, and says what it refuses', async () => {
    const made = repository();
    made.write('.keelson.yaml', 'build: { strategy: template, template: ci/wrong.yaml }\ntest: none\n');
    made.write(
      'ci/wrong.yaml',
      "apiVersion: batch/v1\nkind: Job\nmetadata: { name: x, namespace: '{{ .Namespace }}' }\nspec: { template: { spec: { restartPolicy: Never, containers: [{ name: x, image: x, comand: [a] }] } } }\n",
    );
    made.commit();
    const before = await namespaces();
    const data = newData();
    const up = await keelson(['up', made.path, '--once', '--kube', '--registry', servers.registry, '--data', data]);
    expectEnd(up, { status: 1 });
    expect(up.told).toContain('unknown field "spec.template.spec.containers[0].comand"');
    expect((await namespaces()).filter((name) => !before.includes(name))).toEqual([]);
  });
});
