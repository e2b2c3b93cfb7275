import { describeOn, servers } from '@keelson/testbed';
import { podHelperImage } from '../../libs/jobs/src/kube-harness.contract';
import type { Shown } from '../support/evidence';
import { expectEnd, keelson, keelsonJson, newData } from '../support/keelson';
import { TestRepository } from '../support/repository';

jest.setTimeout(600_000);

const job = (arg: string, namespace = '{{ .Namespace }}'): string => `apiVersion: batch/v1
kind: Job
metadata: { name: 'job-{{ .ID }}', namespace: '${namespace}' }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: main
          image: '${servers.registry}/busybox:1'
          command: [echo, ${arg}]
`;
const config = `apiVersion: v1
kind: ConfigMap
metadata: { name: words, namespace: '{{ .Namespace }}' }
data:
  text: |
    a
    ---
    b
---
`;

/** Templates by branch, and what a person is told of each; the last one runs. */
const wrong: Readonly<Record<string, [template: string, told: RegExp]>> = {
  'no-value': [job("'{{ .Nothing }}'"), /ci\.yaml \(rendered\):11:\d+: <no value> is left/],
  'long-namespace': [job('a', '{{ repeat 80 "n" }}'), /the namespace has 80 characters; it may have 63/],
  'two-jobs': [`${job('a')}---\n${job('b')}`, /ci\.yaml \(rendered\):13:1: a second Job/],
  'five-megabytes': [`# ${'x'.repeat(5_000_000)}\n${job('a')}`, /ci\.yaml is larger than the 1 MiB it may have/],
  'renders-five-megabytes': [`# {{ repeat 5000000 "x" }}\n${job('a')}`, /the file is 5 MiB/],
  'includes-itself': ['{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', /maximum template depth/],
  'another-kind': [`${job('a')}---\napiVersion: v1\nkind: Pod\n`, /:14:7: a template may hold no Pod/],
};
/** A byte-order mark, Windows line ends, and `---` in texts of both kinds. */
const odd = `\ufeff${(config + job('"one --- two"')).replaceAll('\n', '\r\n')}`;

describeOn(['kubeconfig', 'registry'])('a Job template that is wrong, or only odd', () => {
  let helper: string;
  beforeAll(async () => {
    helper = await podHelperImage();
  });

  const env = (): Record<string, string> => ({
    ...{ KUBECONFIG: servers.kubeconfig, KEELSON_KUBECONFIG: servers.kubeconfig, KEELSON_POD_HELPER: helper },
    ...{ KEELSON_NAMESPACE: 'default', KEELSON_ANY_NAMESPACE: 'true', AWS_EC2_METADATA_DISABLED: 'true' },
    KEELSON_REGISTRIES: JSON.stringify([{ name: servers.registry, plainHttp: true }]),
  });

  /** One branch for each. @returns the sources */
  function branches(files: Record<string, string>): string[] {
    const repository = new TestRepository();
    for (const [name, content] of Object.entries(files)) repository.write(name, content);
    repository.commit();
    for (const [branch, [template]] of Object.entries({ ...wrong, odd: [odd] as const })) {
      repository.git('checkout', '-q', '-b', branch, 'main');
      repository.write('ci.yaml', template);
      repository.commit(branch);
    }
    return [...Object.keys(wrong), 'odd'].map((branch) => `${repository.path}^${branch}`);
  }

  async function verdicts(data: string): Promise<Record<string, string>> {
    const runs = await keelsonJson<Shown>(['runs', '--data', data]);
    return Object.fromEntries(
      runs.map(({ ref, outcome, reason }) => [ref.replace('refs/heads/', ''), `${outcome} ${reason?.message ?? ''}`]),
    );
  }

  const pipeline = { '.keelson.yaml': 'build: { strategy: template, template: ci.yaml }\ntest: none\n' };

  it.each([
    ['a pipeline file', pipeline, ['up', '--once', '--kube', '--registry', servers.registry, '--port', '0', '--data']],
    [
      "git-watch's command line",
      {},
      ['watch', '--once', '--job-template', 'ci.yaml', '--registry', servers.registry, '-persistent-state-dir'],
    ],
  ])('ends red with what is wrong and where, or runs, through %s', async (_way, files, args) => {
    const data = newData();
    const ended = await keelson([...args, data, ...branches(files)], { env: env() });
    expectEnd(ended, { status: 1 });
    const found = await verdicts(data);
    for (const [branch, [, told]] of Object.entries(wrong)) {
      expect(found[branch]).toMatch(/^failure /);
      expect(found[branch]).toMatch(told);
    }
    expect(found['odd']).toMatch(/^success /);
    const [odd] = (await keelsonJson<Shown>(['runs', '--data', data])).filter(({ ref }) => ref.endsWith('/odd'));
    const log = await keelson(['logs', odd?.run ?? '', '--stage', 'build', '--data', data]);
    expect(log.stdout).toBe('one --- two\n');
  });
});
