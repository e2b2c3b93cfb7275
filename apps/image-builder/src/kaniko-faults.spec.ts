import { describeBuilder, servers, startHttpFaultProxy } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { loginFor } from '../../../libs/registry/src/testing/logins';
import { startRegistry, whyNoRegistry } from '../../../libs/registry/src/testing/private-registry';
import type { PrivateRegistry } from '../../../libs/registry/src/testing/private-registry';
import { survivesFaults } from './builder-faults.contract';
import { BuilderHarness } from './builder-harness.contract';
import { usesLogins } from './builder-logins.contract';

jest.setTimeout(200_000);
const strategy = 'kaniko';

describeBuilder(strategy, ['kubeconfig', 'registry', 'hostIp'])('a build by Kaniko that is interfered with', () => {
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
    refused: { method: 'POST', url: '/widget/blobs/uploads/' },
  });
});

const needs =
  whyNoRegistry() === undefined ? describeBuilder(strategy, ['kubeconfig', 'registry', 'hostIp']) : describe.skip;
needs('a build by Kaniko at a registry with a password', () => {
  let registry: PrivateRegistry;
  /** Where pods reach that registry. */
  let door: HttpFaultProxy;
  let harness: BuilderHarness;
  beforeAll(async () => {
    registry = await startRegistry({ login: true });
    door = await startHttpFaultProxy(registry.address, servers.hostIp);
    harness = await BuilderHarness.open({ strategy, others: [door.address], credentials: loginFor(door.address) });
  });
  afterAll(async () => {
    await harness.end();
    await door.close();
    await registry.close();
  });
  usesLogins(
    () => harness,
    () => door,
  );
});
