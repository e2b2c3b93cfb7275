import { cpSync } from 'node:fs';
import path from 'node:path';
import { describeOn, servers } from '@keelson/testbed';
import type { Account, Shown } from '../support/evidence';
import { keelson, until } from '../support/keelson';
import { buildImages, Deployment } from './support/deployment';
import { kubectl } from './support/kubectl';
import { OwnServers } from './support/own-servers';
import { ServedRepository } from './support/served-repository';

jest.setTimeout(600_000);

const project = path.join(__dirname, 'testdata', 'template-project');
const Registry = `'${servers.registry}':\n  .*:\n    security:\n      basic: { username: me, password: hunter2 }\n`;

/** A build and a test that name no namespace: they run where all Jobs run. */
const plain = (name: string, script: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: 'words-{{ .ID }}' }
data: { word: 'kept in {{ .Run }}' }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: 'cache-{{ .ID }}' }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Mi } } }
---
apiVersion: v1
kind: Secret
metadata: { name: 'registry-{{ .ID }}' }
stringData: { registry.yaml: {{ env "Registry" | quote }} }
---
apiVersion: batch/v1
kind: Job
metadata: { name: '${name}-{{ .ID }}' }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: '{{ .RegistryIP }}:{{ .RegistryPort }}/busybox:1'
          workingDir: '{{ .Dir }}'
          command: [sh, -c, ${JSON.stringify(script)}]
          envFrom: [{ configMapRef: { name: 'words-{{ .ID }}' } }]
          volumeMounts: [{ name: registry, mountPath: /registry }]
      volumes: [{ name: registry, secret: { secretName: 'registry-{{ .ID }}' } }]
`;

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('Job templates in a deployment', () => {
  const own = new OwnServers();
  let repository: ServedRepository;
  let deployment: Deployment;
  let deploy: (more?: Record<string, string>, components?: readonly string[]) => Promise<Deployment>;

  beforeAll(async () => {
    const { services: image, helper } = await buildImages(own.name);
    await own.open();
    repository = new ServedRepository('widget');
    const settings = {
      ...{ ...own.settings(servers.hostIp), KEELSON_SOURCES: `${await repository.serve()}^main` },
      ...{ KEELSON_SOURCE_INTERVAL: '1s', KEELSON_POD_HELPER: helper, KEELSON_TEMPLATE_ENV: 'Registry' },
      KEELSON_SEALING_KEY_FILE: '/etc/keelson/sealing/sealing-key',
    };
    deploy = (more = {}, components = []) =>
      Deployment.start({
        ...{ own, image, components, templateSecrets: { Registry } },
        settings: { ...settings, ...more },
      });
    deployment = await deploy();
  });
  afterAll(async () => {
    await deployment.close();
    await repository.close();
    await own.close();
  });

  const ask = (...args: string[]) => keelson(args, { env: own.environment });
  const verdict = async (commit: string): Promise<Shown> => {
    let run: Shown | undefined;
    const isEnded = async (): Promise<boolean> => {
      const { stdout } = await ask('runs', '--json', '-n', '1');
      run = stdout === '' ? undefined : (JSON.parse(stdout) as Shown);
      return run?.commit === commit && run.outcome !== 'running';
    };
    await until(isEnded, { timeoutMs: 120_000, what: () => 'a verdict' }).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await deployment.said()}`);
    });
    return run as Shown;
  };
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
      .filter((name) => name.startsWith(`gw-0-9-15-${own.name}-`));

  it('build and test in the work namespace with no more rights than the base gives', async () => {
    repository.write(
      '.keelson.yaml',
      'image: { name: plain, tag: one }\nbuild: { strategy: template, template: build.yaml }\ntest: { template: test.yaml }\n',
    );
    cpSync(path.join(project, 'push.sh'), path.join(repository.path, 'push.sh'));
    const built = "grep -q hunter2 /registry/registry.yaml && echo $word && sh ./push.sh '{{ .Image }}'";
    repository.write('build.yaml', plain('build', built));
    repository.write('test.yaml', plain('test', "test -f push.sh && echo tested '{{ .Image }}'"));
    const run = await verdict(repository.push());
    expect(run).toMatchObject({ outcome: 'success', attempt: 1 });
    expect((await ask('logs', 'last', '--stage', 'build')).stdout).toContain(`kept in ${run.run}`);
    expect((await ask('logs', 'last')).stdout).toContain(`tested ${servers.registry}/${own.name}/plain:one`);
    // What a Job brings goes with it.
    const left = [
      'get',
      'jobs,secrets,configmaps,pvc',
      '-n',
      deployment.namespaces.work,
      '-l',
      'keelson/job',
      '-o',
      'name',
    ];
    await until(async () => (await kubectl(left)) === '', { timeoutMs: 180_000, what: () => 'a tidy namespace' });
  });

  it('are refused a namespace of their own there, and say who can give it', async () => {
    cpSync(project, repository.path, { recursive: true });
    repository.write('README.md', `<repo-version>0.9.15-${own.name}</repo-version>\n`);
    const run = await verdict(repository.push());
    expect(run).toMatchObject({ outcome: 'failure' });
    expect((await ask('show', 'last')).stdout).toContain(
      `this Keelson runs jobs in ${deployment.namespaces.work} only`,
    );
  });

  it('get one for each change where the component for it is added, and leave none', async () => {
    // A Job cannot be changed; after a minute it goes by itself.
    await kubectl(['delete', 'job', 'topology', '-n', deployment.namespaces.services, '--ignore-not-found']);
    deployment = await deploy({ KEELSON_ANY_NAMESPACE: 'true' }, ['namespace-per-change']);
    repository.write('more', 'more');
    const commit = repository.commit();
    repository.git('tag', 'release/0.9.15');
    repository.git('push', '-q', 'origin', 'release/0.9.15', 'HEAD:main');
    const run = await verdict(commit);
    expect(run).toMatchObject({ outcome: 'success', attempt: 1 });
    const build = (await ask('logs', 'last', '--stage', 'build')).stdout;
    expect(build).toContain('on main, tagged [0.9.15]');
    expect(build).toContain(`pushed ${servers.registry}/${own.name}/keelson-template-project:0.9.15-`);
    expect((await ask('logs', 'last')).stdout).toBe(`tested ${run.run}\n`);
    await until(async () => (await namespaces()).length === 0, { timeoutMs: 180_000, what: () => 'no namespace left' });
    const account = JSON.parse((await ask('account', '--json')).stdout) as Account;
    expect(account).toMatchObject({ balanced: true, fates: { built: 2, failed: 1 } });
    expect((await ask('parked', '--json')).stdout).toBe('');
    expect(await deployment.said()).not.toContain('hunter2');
  });
});
