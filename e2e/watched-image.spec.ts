import { spawnSync } from 'node:child_process';
import { freePort, suiteUnless } from '@keelson/testbed';
import { expectInOrder, runs } from './support/evidence';
import { Keelson, expectEnd, newData } from './support/keelson';
import { TestRepository } from './support/repository';

jest.setTimeout(600_000);

const isThere = spawnSync('skopeo', ['--version']).status === 0;

/** Copies an image as anybody could. */
function copy(from: string, to: string): void {
  // As it is: skopeo would pack the layers, and make another image of it.
  const args = [
    'copy',
    '--preserve-digests',
    '--src-tls-verify=false',
    '--dest-tls-verify=false',
    `docker://${from}`,
    `docker://${to}`,
  ];
  const { status, stderr } = spawnSync('skopeo', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`skopeo copy ${from} ${to}: ${stderr}`);
}

suiteUnless(isThere ? undefined : 'skopeo is not in PATH')('a watched image tag', () => {
  it('that somebody moves with skopeo starts a run of the test stage for that image, once', async () => {
    const repository = new TestRepository();
    repository.pipeline('echo tested');
    const commit = repository.commit();
    const data = newData();
    const port = String(await freePort());
    const first = new Keelson(['up', repository.path, '--data', data, '--port', port]);
    await first.prints('GREEN');
    expectEnd(await first.stop(), { status: 0 });

    const [own, theirs] = [`localhost:${port}/widget:main`, `localhost:${port}/theirs:stable`];
    const args = [repository.path, '--image', theirs, '--image', own, '--data', data, '--port', port];
    const up = new Keelson(['up', ...args]);
    await up.prints('waiting for the next commit');
    copy(own, theirs);
    await up.prints(/│ tested[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    const [ours, pushed, ...others] = await runs(data);
    expect(others).toEqual([]);
    expect(ours).toMatchObject({ commit, outcome: 'success' });
    const digest = ours!.image!.digest.slice('sha256:'.length);
    const source = `localhost:${port}/theirs`;
    expect(pushed).toMatchObject({ source, ref: 'refs/tags/stable', commit: digest, outcome: 'success' });
    await expectInOrder(data, { built: 2 });

    // Told and tested: neither a restart nor another port of the registry makes it new, nor our own push a foreign one.
    const later = Keelson.up(data, [repository.path], '--image', theirs, '--image', own);
    await later.prints('waiting for the next commit');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expectEnd(await later.stop(), { status: 0, stderr: '' });
    await expectInOrder(data, { built: 2 });
  });
});
