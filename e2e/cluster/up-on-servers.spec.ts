import { describeOn, servers } from '@keelson/testbed';
import { testbedBuilders } from '../../apps/image-builder/src/testbed-builders.contract';
import type { Account, Shown } from '../support/evidence';
import { expectEnd, keelson } from '../support/keelson';
import type { Ended } from '../support/keelson';
import { TestRepository } from '../support/repository';
import { kubectl } from './support/kubectl';
import { OwnServers } from './support/own-servers';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig'])('`keelson up` on servers and a cluster', () => {
  const own = new OwnServers();
  let env: Record<string, string>;
  beforeAll(async () => {
    await own.open();
    await kubectl(['create', 'namespace', own.name]);
    const { KEELSON_REGISTRIES = '', ...rest } = own.environment;
    env = {
      ...{ KEELSON_REGISTRIES, KUBECONFIG: servers.kubeconfig, KEELSON_NAMESPACE: own.name },
      ...{ KEELSON_AMQP_PASSWORD: rest.KEELSON_AMQP_PASSWORD!, KEELSON_AMQP_API: rest.KEELSON_AMQP_API! },
      ...{ KEELSON_S3_ACCESS_KEY: rest.KEELSON_S3_ACCESS_KEY!, KEELSON_S3_SECRET_KEY: rest.KEELSON_S3_SECRET_KEY! },
      KEELSON_BUILDERS: JSON.stringify(await testbedBuilders()),
    };
  });
  afterAll(async () => {
    await kubectl(['delete', 'namespace', own.name, '--wait=false']);
    await own.close();
  });

  /** As somebody calls it who keeps passwords out of the command line. */
  const ask = (...args: string[]): Promise<Ended> => {
    const { KEELSON_AMQP = '', KEELSON_S3 = '' } = own.settings();
    return keelson([...args, '--amqp', KEELSON_AMQP, '--s3', KEELSON_S3], { env });
  };
  const up = (repository: TestRepository): Promise<Ended> => {
    const { KEELSON_REGISTRY = '' } = own.settings();
    return ask('up', repository.path, '--once', '--kube', '--registry', KEELSON_REGISTRY);
  };

  const steps = ['WORKDIR /src', 'COPY go.mod ./', 'RUN echo deps | tee /deps.txt', 'COPY . .', 'RUN cat main.txt'];
  function commit(repository: TestRepository, main: string, last = 'RUN cp main.txt /out.txt'): string {
    repository.write('Dockerfile', [`FROM ${servers.registry}/busybox:1`, ...steps, last, ''].join('\n'));
    repository.write(
      '.keelson.yaml',
      'image: { name: widget }\nbuild: { strategy: buildkit }\ntest: { command: [sh, -c, "echo tested $(cat /out.txt)"] }\n',
    );
    repository.write('go.mod', 'module x\n');
    repository.write('main.txt', main);
    return repository.commit(main.trim());
  }

  it('builds a Dockerfile by BuildKit, tests its image, and tells of each step and of a step that fails', async () => {
    expectEnd(await ask('topology', 'apply'), { status: 0 });
    const repository = new TestRepository();
    commit(repository, 'one\n');
    const first = await up(repository);
    expect({ ...first, stdout: '' }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
    // A build's output and a test's, as they come.
    expect(first.stdout).toMatch(/RUN echo deps[^]*deps[^]*tested one[^]*GREEN/);

    const second = commit(repository, 'two\n');
    expectEnd(await up(repository), { status: 0, stdout: expect.stringContaining('tested two') });
    const shown = (await ask('show', 'last')).stdout;
    expect(shown).toContain(`commit    ${second}\n`);
    expect(shown).toMatch(/^step {6}hit {2}RUN echo deps \| tee \/deps.txt$/m);
    expect(shown).toMatch(/^step {6}miss COPY \. \.\n {15}the file main\.txt changed from /m);
    expect((await ask('logs', 'last')).stdout).toBe('tested two\n');
    expect((await ask('logs', 'last', '--stage', 'build')).stdout).toContain('RUN cat main.txt');

    commit(repository, 'three\n', 'RUN cat nothing.txt');
    const red = await up(repository);
    expectEnd(red, { status: 1, stdout: expect.stringContaining('RED') });
    const run = JSON.parse((await ask('show', 'last', '--json')).stdout) as Shown;
    expect(run).toMatchObject({ outcome: 'failure', reason: { code: 'step-failed' } });
    expect(run.reason?.message).toMatch(/Dockerfile line 7, .*RUN cat nothing\.txt.*: [^]*can't open 'nothing\.txt'/);
    const account = JSON.parse((await ask('account', '--json')).stdout) as Account;
    expect(account).toMatchObject({ balanced: true, unexplained: [], fates: { built: 2, failed: 1 } });
    expect(await own.parked()).toEqual([]);
  });
});
