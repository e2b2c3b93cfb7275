import { copyImage, parseImageReference } from '@keelson/registry';
import { describeBuilder, servers, startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { loginFor } from '../../../libs/registry/src/testing/logins';
import { startRegistry, whyNoRegistry } from '../../../libs/registry/src/testing/private-registry';
import { base, dockerfile } from './builder-cluster.contract';
import { survivesFaults } from './builder-faults.contract';
import { tagsOf, unaborted } from './builder-fixture.contract';
import { BuilderHarness } from './builder-harness.contract';
import { startTokenDoor, usesLogins, withLogin } from './builder-logins.contract';

jest.setTimeout(200_000);
const strategy = 'makisu';
const suite = describeBuilder(strategy, ['kubeconfig', 'registry', 'hostIp']);

suite('a build by Makisu that is interfered with', () => {
  let harness: BuilderHarness;
  let proxy: HttpFaultProxy;
  beforeAll(async () => {
    proxy = await startHttpFaultProxy(servers.registry, servers.hostIp);
    harness = await BuilderHarness.open({ strategy, registry: proxy.address });
  });
  afterAll(async () => {
    await harness.end();
    await proxy.close();
  });
  survivesFaults(strategy, {
    ...{ harness: () => harness, proxy: () => proxy, littleMemory: '160Mi' },
    // It tries uploads again for minutes, and a manifest without its bytes.
    refused: { method: 'HEAD', url: '/widget/manifests/' },
  });
});

suite('a build by Makisu at a registry that gives tokens', () => {
  let door: HttpFaultProxy;
  let harness: BuilderHarness;
  beforeAll(async () => {
    door = await startTokenDoor();
    harness = await BuilderHarness.open({ strategy, others: [door.address], credentials: loginFor(door.address) });
  });
  afterAll(async () => {
    await harness.end();
    await door.close();
  });
  usesLogins(
    () => harness,
    () => door,
  );

  it('pushes its own image there, too', async () => {
    const own = await BuilderHarness.open({ strategy, registry: door.address, credentials: loginFor(door.address) });
    const { ended, event } = await withLogin(own, door).built({ tree: dockerfile('RUN echo own > /own') });
    expect(ended).toMatchObject({ outcome: 'success' });
    expect(await own.world.tagged(tagsOf(event).immutable)).toBe(ended.image?.digest);
    await own.end();
  });
});

const needs = whyNoRegistry() === undefined ? suite : describe.skip;
needs('a build by Makisu at a registry that gives no tokens', () => {
  it('is red, and says that Makisu cannot log in there', async () => {
    const registry = await startRegistry({ login: true });
    const door = await startHttpFaultProxy(registry.address, servers.hostIp);
    const harness = await BuilderHarness.open({
      strategy,
      others: [door.address],
      credentials: loginFor(door.address),
    });
    const behind = `${door.address}/base:1`;
    await copyImage(
      harness.world.client,
      { from: parseImageReference(base()), to: parseImageReference(behind) },
      unaborted,
    );
    const { ended } = await withLogin(harness, door).built({ tree: { Dockerfile: `FROM ${behind}\nRUN true\n` } });
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code: 'registry-login' } });
    expect(ended.reason?.message).toContain('Makisu can log in to registries that give tokens');
    await harness.end();
    await door.close();
    await registry.close();
  });
});
