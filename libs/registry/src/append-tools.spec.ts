import { spawnSync } from 'node:child_process';
import { suiteUnless, testUnless, testWhere } from '@keelson/testbed';
import { goProgram } from '../server/src/testing/go-program';
import { AppendSetup } from './testing/append-setup';
import { whyNoRegistry } from './testing/private-registry';

const crane = goProgram('crane', 'github.com/google/go-containerregistry/cmd/crane', 'program');
suiteUnless(whyNoRegistry())('appended images', () => {
  let setup: AppendSetup;

  beforeAll(async () => {
    setup = await AppendSetup.start();
  });

  beforeEach(() => setup.renew());

  afterAll(() => setup.close());

  const noSkopeo = spawnSync('skopeo', ['--version']).error === undefined ? undefined : 'not installed';

  testUnless(noSkopeo)('makes images that skopeo reads', async () => {
    for (const kind of ['oci', 'docker']) {
      const { digest } = await setup.append(`tools/${kind}`, { base: setup.image(`base/${kind}:1`) });
      const name = `docker://${setup.registry.address}/tools/${kind}:1`;
      const inspect = ['inspect', '--tls-verify=false', '--override-arch=amd64', name];
      const { stdout, stderr } = spawnSync('skopeo', inspect, { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toMatchObject({ Digest: digest, Architecture: 'amd64' });
    }
  });

  testWhere(crane.missing)('makes images that crane finds whole', async () => {
    for (const kind of ['oci', 'docker', 'scratch']) {
      await setup.append(`tools/${kind}`, { base: kind === 'scratch' ? kind : setup.image(`base/${kind}:1`) });
      const { stdout } = spawnSync(
        crane.path ?? '',
        ['validate', '--remote', `${setup.registry.address}/tools/${kind}:1`],
        {
          encoding: 'utf8',
        },
      );
      expect(stdout).toContain('PASS');
    }
  });
});
