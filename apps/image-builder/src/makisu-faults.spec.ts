import { copyImage, parseImageReference } from '@keelson/registry';
import { describeBuilder } from '@keelson/testbed';
import { loginFor } from '../../../libs/registry/src/testing/logins';
import { onRegistry } from '../../../libs/registry/src/testing/private-registry';
import { base, dockerfile } from './builder-cluster.contract';
import { behindProxy, survivesFaults } from './builder-faults.contract';
import { tagsOf, unaborted } from './builder-fixture.contract';
import { BuilderHarness } from './builder-harness.contract';
import { atDoor, startPasswordDoor, startTokenDoor, usesLogins, withLogin } from './builder-logins.contract';

jest.setTimeout(600_000);
const strategy = 'makisu';
const suite = describeBuilder(strategy, ['kubeconfig', 'registry', 'hostIp']);

suite('a build by Makisu that is interfered with', () => {
  survivesFaults(strategy, {
    ...{ ...behindProxy(strategy), littleMemory: '160Mi' },
    // It tries uploads again for minutes, and a manifest without its bytes.
    refused: { method: 'HEAD', url: '/widget/manifests/' },
  });
});

suite('a build by Makisu at a registry that gives tokens', () => {
  const at = atDoor(strategy, startTokenDoor);
  usesLogins(at);

  it('pushes its own image there, too', async () => {
    const door = at.door();
    const own = await BuilderHarness.open({ strategy, registry: door.address, credentials: loginFor(door.address) });
    const { ended, event } = await withLogin(own, door).built({ tree: dockerfile('RUN echo own > /own') });
    expect(ended).toMatchObject({ outcome: 'success' });
    expect(await own.world.tagged(tagsOf(event).immutable)).toBe(ended.image?.digest);
    await own.end();
  });
});

onRegistry(suite)('a build by Makisu at a registry that gives no tokens', () => {
  const at = atDoor(strategy, startPasswordDoor);

  it('is red, and says that Makisu cannot log in there', async () => {
    const [harness, door] = [at.harness(), at.door()];
    const behind = `${door.address}/base:1`;
    const names = { from: parseImageReference(base()), to: parseImageReference(behind) };
    await copyImage(harness.world.client, names, unaborted);
    const { ended } = await withLogin(harness, door).built({ tree: { Dockerfile: `FROM ${behind}\nRUN true\n` } });
    expect(ended).toMatchObject({ outcome: 'failure', reason: { code: 'registry-login' } });
    expect(ended.reason?.message).toContain('Makisu can log in to registries that give tokens');
  });
});
