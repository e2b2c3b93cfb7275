import path from 'node:path';
import { suiteUnless } from '@keelson/testbed';
import { expectInOrder, runs, show } from './support/evidence';
import { Keelson, expectEnd, keelson, newData, newDirectory } from './support/keelson';
import { TestRepository } from './support/repository';
import { noSshServer, SshServer } from './support/ssh-server';

jest.setTimeout(600_000);

/** A bare repository that is reached by ssh, and the working copy that pushes to it. */
async function served() {
  const server = await SshServer.start();
  const bare = path.join(newDirectory('served'), 'repo.git');
  const work = new TestRepository();
  work.git('init', '-q', '--bare', '-b', 'main', bare);
  const push = (version: number): string => {
    work.pipeline('cat version');
    work.write('version', `version ${version}\n`);
    const commit = work.commit(`version ${version}`);
    work.git('push', '-q', bare, 'main');
    return commit;
  };
  push(1);
  return { server, url: server.url(bare), push };
}

suiteUnless(noSshServer)('a repository behind ssh', () => {
  it('is built from its default branch, and again when somebody pushed', async () => {
    const { server, url, push } = await served();
    const data = newData();
    const up = new Keelson(['up', url, '--data', data, '--port', '0'], { env: server.environment() });
    await up.prints(/│ version 1[^]*GREEN/);
    const head = push(2);
    await up.prints(/│ version 2[^]*GREEN/);
    expectEnd(await up.stop(), { status: 0, stderr: '' });
    expect((await runs(data)).map(({ outcome }) => outcome)).toEqual(['success', 'success']);
    expect(await show(data)).toMatchObject({ source: url, ref: 'refs/heads/main', commit: head });
    await expectInOrder(data, { built: 2 });
  });

  const refusals = [
    { why: 'does not take our key', by: { key: 'stranger' }, says: /Permission denied/ },
    { why: 'is not one we know', by: { hosts: 'nobody_known' }, says: /Host key verification failed/ },
  ] as const;
  it.each(refusals)('ends --once with 2 and a sentence about it when the host $why', async ({ by, says }) => {
    const { server, url } = await served();
    const data = newData();
    const ended = await keelson(['up', url, '--once', '--data', data, '--port', '0'], {
      env: server.environment(by),
    });
    expectEnd(ended, { status: 2 });
    expect(ended.stdout + ended.stderr).toMatch(/ssh:\/\/.*repo\.git/);
    expect(ended.stdout + ended.stderr).toMatch(says);
    expect(ended.stdout + ended.stderr).not.toMatch(/\n\s+at /);
    await expectInOrder(data, {});
  });
});
