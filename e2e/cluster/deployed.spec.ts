import { describeOn, servers } from '@keelson/testbed';
import type { Account, Shown } from '../support/evidence';
import { keelson, until } from '../support/keelson';
import { buildImage, Deployment } from './support/deployment';
import { OwnServers } from './support/own-servers';
import { ServedRepository } from './support/served-repository';

jest.setTimeout(600_000);

describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp'])('Keelson on a cluster', () => {
  const own = new OwnServers();
  let repository: ServedRepository;
  let deployment: Deployment;

  beforeAll(async () => {
    const image = await buildImage(own.name);
    await own.open();
    repository = new ServedRepository('widget');
    const sources = `${await repository.serve()}^main`;
    deployment = await Deployment.start({
      ...{ own, image },
      settings: { ...own.settings(servers.hostIp), KEELSON_SOURCES: sources, KEELSON_SOURCE_INTERVAL: '1s' },
    });
  });
  afterAll(async () => {
    await deployment.close();
    await repository.close();
    await own.close();
  });

  const ask = (...args: string[]) => keelson(args, { env: own.environment });
  const last = async (): Promise<Shown | undefined> => {
    const { stdout } = await ask('runs', '--json', '-n', '1');
    return stdout === '' ? undefined : (JSON.parse(stdout) as Shown);
  };

  it('turns a pushed commit into a tested image, and keeps the log in the store', async () => {
    repository.clusterPipeline('echo "widgets turn on $(uname -s), attempt $KEELSON_ATTEMPT"');
    const commit = repository.push();
    await until(async () => ((await last())?.outcome ?? 'running') !== 'running', {
      timeoutMs: 120_000,
      what: () => 'a verdict',
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await deployment.said()}`);
    });
    const run = await last();
    expect(run).toMatchObject({ commit, outcome: 'success', attempt: 1, log: { complete: true, lines: 1 } });
    expect((await ask('logs', 'last')).stdout).toBe('widgets turn on Linux, attempt 1\n');
    expect(await own.keys(`logs/${run?.run}/`)).toEqual(
      expect.arrayContaining([expect.stringMatching(/000000$/), expect.stringMatching(/manifest\.json$/)]),
    );
    const account = JSON.parse((await ask('account', '--json')).stdout) as Account;
    expect(account).toMatchObject({ balanced: true, fates: { built: 1 } });
    expect((await ask('parked', '--json')).stdout).toBe('');
  });
});
