import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Credentials } from './credentials';
import type { RemoteHeads, RemoteHeadsOptions } from './remote-heads';
import type { GitHttpOptions, GitHttpServer } from './testing/git-http-server';
import { servedForEach } from './testing/served-for-each.contract';
import type { ServedRepositories } from './testing/served-repositories';
import { UrlCredentials } from './url-credentials';

describe('the heads of a remote repository', () => {
  let served: ServedRepositories;
  let root: string;

  servedForEach((copy) => {
    served = copy;
    root = served.root;
  });

  const serve = (options: Partial<GitHttpOptions> = {}): Promise<GitHttpServer> => served.serve(options);
  const remote = (options: RemoteHeadsOptions = {}): RemoteHeads => served.remote(options);
  const post = 'POST /repo.git/git-upload-pack';

  describe('behind a login', () => {
    const auth = 'me:s3cret';

    it('need credentials, and say so', async () => {
      const server = await serve({ auth });
      const wanted = remote().heads(server.url('repo.git'), ['main']);
      await expect(wanted).rejects.toMatchObject({
        code: 'remote-auth',
        message: expect.stringMatching(/credential helper/),
      });
    });

    it('come with the credentials of a helper, asked once and told of the success', async () => {
      const helper = path.join(root, 'helper');
      writeFileSync(
        helper,
        `#!/bin/sh\necho "$1" >> ${root}/asked\ncat >> ${root}/input\n[ "$1" = get ] && printf 'username=me\\npassword=s3cret\\n'\nexit 0\n`,
        { mode: 0o755 },
      );
      writeFileSync(path.join(root, 'gitconfig'), `[credential]\n\thelper = ${helper}\n`);
      const server = await serve({ auth });
      const heads = remote();
      await heads.heads(server.url('repo.git'), ['main']);
      await heads.heads(server.url('repo.git'), ['main']);
      expect(server.requests).toEqual([post, post, post]);
      expect(readFileSync(path.join(root, 'asked'), 'utf8')).toBe('get\nstore\n');
      expect(readFileSync(path.join(root, 'input'), 'utf8')).toContain(`host=127.0.0.1:${server.port}\n`);
    });

    it('are refused with a wrong password, which the helper then forgets', async () => {
      const helper = path.join(root, 'helper');
      writeFileSync(
        helper,
        `#!/bin/sh\necho "$1" >> ${root}/asked\n[ "$1" = get ] && printf 'username=me\\npassword=wrong\\n'\nexit 0\n`,
        {
          mode: 0o755,
        },
      );
      writeFileSync(path.join(root, 'gitconfig'), `[credential]\n\thelper = ${helper}\n`);
      const server = await serve({ auth });
      const failed = remote().heads(server.url('repo.git'), ['main']);
      await expect(failed).rejects.toMatchObject({ code: 'remote-auth' });
      expect(String(await failed.catch(String))).not.toContain('wrong');
      expect(readFileSync(path.join(root, 'asked'), 'utf8')).toContain('erase');
    });

    it('come with the token file, also through git, never in the arguments', async () => {
      for (const oldProtocol of [false, true]) {
        const server = await serve({ auth, oldProtocol });
        const tokenFile = path.join(root, 'tokens');
        writeFileSync(tokenFile, `# ours\nhttps://x:y@example.org\nhttp://me:s3cret@127.0.0.1:${server.port}\n`);
        const heads = remote({ credentials: new Credentials({ tokenFile, helpers: false }) });
        expect(await heads.heads(server.url('repo.git'), ['main'])).toHaveLength(1);
      }
      const broken = new Credentials({ tokenFile: path.join(root, 'none'), helpers: false });
      const server = await serve({ auth });
      await expect(remote({ credentials: broken }).heads(server.url('repo.git'), ['main'])).rejects.toMatchObject({
        code: 'token-file',
      });
    });

    it('do not send a token to another host or path', async () => {
      const server = await serve({ auth });
      const tokenFile = path.join(root, 'tokens');
      writeFileSync(tokenFile, `http://me:s3cret@127.0.0.1:1\nhttp://me:s3cret@127.0.0.1:${server.port}/other\n`);
      const heads = remote({ credentials: new Credentials({ tokenFile, helpers: false }) });
      await expect(heads.heads(server.url('repo.git'), ['main'])).rejects.toMatchObject({ code: 'remote-auth' });
    });

    it('come with the credentials of the URL, sent at once', async () => {
      const server = await serve({ auth });
      const heads = remote();
      heads.credentials.give(server.url('repo.git'), new UrlCredentials('me', 's3cret'));
      await heads.heads(server.url('repo.git'), ['main']);
      expect(server.requests).toEqual([post]);
    });
  });

  describe('that moved', () => {
    const redirecting = (to: (url: string) => string): NonNullable<GitHttpOptions['instead']> => {
      return (request, response) => {
        if (request.url?.startsWith('/old') !== true) return false;
        if (request.method === 'POST') response.writeHead(404).end();
        else response.writeHead(301, { location: to(request.url) }).end();
        return true;
      };
    };

    it('are found on the same host, and remembered', async () => {
      const server = await serve({ instead: redirecting((url) => url.replace('/old', '/repo')) });
      const heads = remote();
      const url = server.url('old.git');
      expect(await heads.heads(url, ['main'])).toHaveLength(1);
      expect(heads.locationOf(url)).toBe(server.url('repo.git'));
      server.requests.length = 0;
      await heads.heads(url, ['main']);
      expect(server.requests).toEqual([post]);
    });

    it.each([
      ['to another host over http', (url: string) => `http://localhost:1${url}`, /only https/],
      ['to a file', () => 'file:///etc/passwd', /only https/],
      ['to something else than a repository', () => '/elsewhere', /no git repository/],
    ])('are not followed %s', async (_name, to, words) => {
      const server = await serve({ instead: redirecting(to) });
      await expect(remote().heads(server.url('old.git'), ['main'])).rejects.toThrow(words);
    });

    it('are not followed for ever', async () => {
      const server = await serve({ instead: redirecting((url) => url) });
      await expect(remote().heads(server.url('old.git'), ['main'])).rejects.toThrow(/more than 5 times/);
    });
  });
});
