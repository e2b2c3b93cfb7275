import { Credentials } from './credentials';
import { Mirror } from './mirror';
import { RemoteHeads } from './remote-heads';
import { GitHttpServer } from './testing/git-http-server';
import { remove, temporaryDirectory } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';
process.env['NO_PROXY'] = '*';

describe('a fetch', () => {
  it('gives up a server that takes the request and is silent, long before its own time is over', async () => {
    const root = temporaryDirectory();
    const server = await GitHttpServer.start({ root, instead: () => true });
    const remote = new RemoteHeads({ credentials: new Credentials({ helpers: false }) });
    const mirror = new Mirror({ directory: root, url: server.url('repo.git'), remote, silentMs: 1_000 });
    const fetched = mirror.ensureCommit('a'.repeat(40), 'refs/heads/main');
    await expect(fetched).rejects.toMatchObject({ code: 'remote-unavailable' });
    await server.stop();
    await remote.close();
    remove(root);
  });
});
