import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describeOn, servers } from '@keelson/testbed';
import { testbedBuilders } from '../../apps/image-builder/src/testbed-builders.contract';
import { onRegistry, startRegistry } from '../../libs/registry/src/testing/private-registry';
import type { PrivateRegistry } from '../../libs/registry/src/testing/private-registry';
import { keelson, until } from '../support/keelson';
import { expectBalanced, outputOf } from './support/expect-run';
import { FiveServices } from './support/five-services';
import { kubectl } from './support/kubectl';

jest.setTimeout(600_000);

const testJob = `apiVersion: batch/v1
kind: Job
metadata: { name: 'test-{{ .ID }}' }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - { name: main, image: '${servers.registry}/busybox:1', command: [cat, main.txt], workingDir: '{{ .Dir }}' }
`;

onRegistry(describeOn(['amqp', 'rabbitApi', 's3', 'registry', 'kubeconfig', 'hostIp']))(
  'a registry with an authority of its own',
  () => {
    let registry: PrivateRegistry;
    let five: FiveServices;
    beforeAll(async () => {
      registry = await startRegistry({ host: servers.hostIp, tls: true });
      const caFile = path.join(registry.directory, 'ca.pem');
      const builders = await testbedBuilders();
      const entries = [
        { name: servers.registry, plainHttp: true },
        { name: registry.address, caFile },
      ];
      five = await FiveServices.prepare({
        repositories: ['widget'],
        settings: {
          ...{ KEELSON_REGISTRY: `${registry.address}/team`, KEELSON_REGISTRIES: JSON.stringify(entries) },
          KEELSON_BUILDERS: JSON.stringify({
            ...builders,
            registries: [...builders.registries, { host: registry.address, caConfigMap: 'registry-ca' }],
          }),
          ...{ KEELSON_POD_HELPER: builders.helperImage, KEELSON_SEALING_KEY: randomBytes(32).toString('base64') },
        },
      });
      const ca = `ca.crt=${readFileSync(caFile, 'utf8')}`;
      await kubectl(['create', 'configmap', 'registry-ca', '-n', five.own.name, `--from-literal=${ca}`]);
    });
    afterAll(async () => {
      await five.close();
      await registry.close();
    });

    it('is trusted by services, by builders, and by what brings the source into pods', async () => {
      const [repository] = five.repositories;
      repository!.write('Dockerfile', `FROM ${servers.registry}/busybox:1\nCOPY main.txt /\n`);
      repository!.write('main.txt', 'brought over TLS\n');
      repository!.write('test.yaml', testJob);
      repository!.write(
        '.keelson.yaml',
        'image: { name: widget }\nbuild: { strategy: buildkit }\ntest: { template: test.yaml }\n',
      );
      repository!.push();
      await five.start();
      const [run] = await five.untilEnded(1);
      expect(run).toMatchObject({
        outcome: 'success',
        attempts: [{ image: { repository: `${registry.address}/team/widget` } }],
      });
      expect(await outputOf(five.own, run!)).toBe('brought over TLS\n');
      const maps = () => kubectl(['get', 'configmaps', '-n', five.own.name, '-o', 'name']);
      const isTidy = async () => !(await maps()).includes('source-authority');
      await until(isTidy, { timeoutMs: 180_000, what: () => 'the end of the Job and what it brought' });
      const shown = await keelson(['show', 'last'], { env: five.own.environment });
      expect(shown.stdout).not.toContain('CERTIFICATE');
      await expectBalanced(five.own, 1);
    });
  },
);
