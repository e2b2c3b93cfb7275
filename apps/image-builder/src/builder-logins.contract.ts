import type { StrategyName } from '@keelson/builders';
import { copyImage, parseImageReference } from '@keelson/registry';
import { startHttpFaultProxy, servers } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { loginFor } from '../../../libs/registry/src/testing/logins';
import { startRegistry, testLogin } from '../../../libs/registry/src/testing/private-registry';
import { base } from './builder-cluster.contract';
import { unaborted } from './builder-fixture.contract';
import { BuilderHarness } from './builder-harness.contract';
import { podsOf } from './builder-faults.contract';

const encoded = (password: string) => Buffer.from(`${testLogin.username}:${password}`).toString('base64');

/** Where pods reach a registry. */
export type Door = { door: HttpFaultProxy; close(): Promise<void> };

/** A registry of its own with a password. */
export async function startPasswordDoor(): Promise<Door> {
  const registry = await startRegistry({ login: true });
  const door = await startHttpFaultProxy(registry.address, servers.hostIp);
  const close = async () => {
    await door.close();
    await registry.close();
  };
  return { door, close };
}

/** The testbed's registry behind a server that gives tokens to whoever has the test's login, as most public registries do. */
export async function startTokenDoor(): Promise<Door> {
  const door = await startHttpFaultProxy(servers.registry, servers.hostIp);
  const token = 'a-token-of-the-test';
  door.fault = ({ url = '', headers }, response) => {
    if (headers.authorization === `Bearer ${token}`) return false;
    if (!url.startsWith('/token')) {
      response.writeHead(401, {
        'www-authenticate': `Bearer realm="http://${door.address}/token",service="test"`,
        'docker-distribution-api-version': 'registry/2.0',
      });
      response.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }));
    } else if (headers.authorization === `Basic ${encoded(testLogin.password)}`)
      response.end(JSON.stringify({ token }));
    else response.writeHead(401).end();
    return true;
  };
  return { door, close: () => door.close() };
}

/** A harness for the tests of a suite that knows the login of the registry behind the door. */
export function atDoor(strategy: StrategyName, start: () => Promise<Door>) {
  let at: Door;
  let harness: BuilderHarness;
  beforeAll(async () => {
    at = await start();
    const { address } = at.door;
    harness = await BuilderHarness.open({ strategy, others: [address], credentials: loginFor(address) });
  });
  afterAll(async () => {
    await harness.end();
    await at.close();
  });
  return { harness: () => harness, door: () => at.door };
}

/** The harness, whose pods have this password for that registry. */
export function withLogin(harness: BuilderHarness, door: HttpFaultProxy, password = testLogin.password) {
  const auths = { [door.address]: { auth: encoded(password) } };
  return harness.with({}, { dockerConfig: () => Promise.resolve(JSON.stringify({ auths })) });
}

/** Everything that is kept of a run, or that the cluster shows of its pods, that holds this. */
export async function placesWith(harness: BuilderHarness, secret: string, pods: string): Promise<string[]> {
  const found = pods.includes(secret) ? ['pods'] : [];
  const { store } = harness.world.ledger;
  for await (const { key } of store.list(''))
    if (Buffer.from((await store.get(key)) ?? []).includes(secret)) found.push(key);
  return found;
}

/** What every real builder does with a base, and a further name, at a registry with a password. */
export function usesLogins({ harness, door }: ReturnType<typeof atDoor>): void {
  const built = async (password: string, name: string) => {
    const { world } = harness();
    const behind = `${door().address}/keelson-login-base:1`;
    const [from, to] = [base(), behind].map(parseImageReference) as [
      ReturnType<typeof parseImageReference>,
      ReturnType<typeof parseImageReference>,
    ];
    await copyImage(world.client, { from, to }, unaborted);
    const Dockerfile = `FROM ${behind}\nRUN echo ${name} > /name\n`;
    const push = [`${door().address}/team/${name}:1`];
    const build = { strategy: harness().strategy, push };
    let pods = '';
    const run = withLogin(harness(), door(), password);
    const { ended } = await run.built({ tree: { Dockerfile }, build }, async () => {
      pods += JSON.stringify(await podsOf(harness()));
    });
    expect(pods).toContain('keelson-source'); // or it would prove nothing
    for (const secret of [password, encoded(password)]) expect(await placesWith(harness(), secret, pods)).toEqual([]);
    return { ended, name: push[0]! };
  };

  it('is red when its login is refused, and says where', async () => {
    const { ended } = await built('WRONG-PASSWORD', 'refused');
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code: 'registry-login' } });
    expect(ended.reason?.message).toContain(door().address);
  });

  it('gets there with the right one, under the same digest', async () => {
    const { ended, name } = await built(testLogin.password, 'taken');
    expect(ended).toMatchObject({ outcome: 'success' });
    const there = await harness().world.client.head(parseImageReference(name), unaborted);
    expect(there?.digest).toBe(ended.image?.digest);
  });
}
