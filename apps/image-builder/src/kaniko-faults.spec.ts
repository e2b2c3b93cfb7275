import { describeBuilder } from '@keelson/testbed';
import { onRegistry } from '../../../libs/registry/src/testing/private-registry';
import { behindProxy, survivesFaults } from './builder-faults.contract';
import { atDoor, startPasswordDoor, usesLogins } from './builder-logins.contract';

jest.setTimeout(600_000);
const strategy = 'kaniko';
const suite = describeBuilder(strategy, ['kubeconfig', 'registry', 'hostIp']);

suite('a build by Kaniko that is interfered with', () => {
  survivesFaults(strategy, {
    ...{ ...behindProxy(strategy), littleMemory: '160Mi' },
    refused: { method: 'POST', url: '/widget/blobs/uploads/' },
  });
});

onRegistry(suite)('a build by Kaniko at a registry with a password', () => {
  usesLogins(atDoor(strategy, startPasswordDoor));
});
