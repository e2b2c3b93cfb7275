import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gitEnvironment } from './config';
import { Credentials } from './credentials';
import { selectHeads } from './heads';
import { HostBudget } from './host-budget';
import { RemoteHeads } from './remote-heads';
import { GitHttpServer } from './testing/git-http-server';
import type { GitHttpOptions } from './testing/git-http-server';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';
import { UrlCredentials } from './url-credentials';

describe('the heads of a remote repository', () => {
  let template: string;
  let root: string;
  let work: TestRepository;
  let first: string;
  const open: { stop(): Promise<unknown> }[] = [];

  beforeAll(() => {
    template = temporaryDirectory();
    writeFileSync(path.join(template, 'gitconfig'), '');
    const made = TestRepository.create(path.join(template, 'work'));
    first = made.commit('first', { a: 'a' });
    made.git('tag', '-a', '-m', 'annotated', 'v1');
    made.git('branch', 'feature/x');
    runGit(['clone', '--quiet', '--bare', made.path, 'repo.git'], { cwd: template });
    runGit(['init', '--quiet', '--bare', 'empty.git'], { cwd: template });
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    root = copyOf(template);
    process.env['GIT_CONFIG_GLOBAL'] = path.join(root, 'gitconfig');
    work = TestRepository.at(path.join(root, 'work'));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.stop()));
    remove(root);
  });

  const serve = async (options: Partial<GitHttpOptions> = {}): Promise<GitHttpServer> => {
    const server = await GitHttpServer.start({ root, ...options });
    open.push(server);
    return server;
  };
  const remote = (options: ConstructorParameters<typeof RemoteHeads>[0] = {}): RemoteHeads => {
    const heads = new RemoteHeads(options);
    open.push({ stop: () => heads.close() });
    return heads;
  };
  const post = 'POST /repo.git/git-upload-pack';

  it('come with one request each, over connections that stay, only those that are wanted', async () => {
    const server = await serve();
    const heads = remote();
    const url = server.url('repo.git');
    expect(await heads.heads(url, ['main'])).toEqual([{ ref: 'refs/heads/main', commit: first }]);
    expect(await heads.heads(url, ['mai'])).toEqual([]);
    expect(server.requests).toEqual([post, post]);
    for (let more = 0; more < 5; more += 1) await heads.heads(url, ['main']);
    expect(server.connections).toBeLessThan(4);
  });

  it('include the target of HEAD, peeled tags, and patterns', async () => {
    const server = await serve();
    const refs = await remote().heads(server.url('repo.git'), [undefined, 'feature/*', 'refs/tags/v*']);
    expect(selectHeads(refs)).toEqual({ heads: [{ ref: 'refs/heads/main', commit: first }] });
    expect(selectHeads(refs, 'feature/*').heads).toEqual([{ ref: 'refs/heads/feature/x', commit: first }]);
    expect(selectHeads(refs, 'refs/tags/v1').heads).toEqual([{ ref: 'refs/tags/v1', commit: first }]);
    expect(selectHeads(refs, 'other').absence?.kind).toBe('no-such-ref');
  });

  it('are none, with the reason, for an empty repository', async () => {
    const server = await serve();
    expect(selectHeads(await remote().heads(server.url('empty.git'), [undefined])).absence?.kind).toBe(
      'empty-repository',
    );
  });

  it('are seen to move by force, go and come back', async () => {
    const server = await serve();
    const heads = remote();
    const url = server.url('repo.git');
    work.git('commit', '--quiet', '--amend', '-m', 'forced');
    work.git('push', '--quiet', '--force', path.join(root, 'repo.git'), 'main');
    expect(await heads.heads(url, ['main'])).toEqual([{ ref: 'refs/heads/main', commit: work.head() }]);
    work.git('push', '--quiet', path.join(root, 'repo.git'), ':feature/x');
    expect(await heads.heads(url, ['feature/x'])).toEqual([]);
    work.git('push', '--quiet', path.join(root, 'repo.git'), 'main:feature/x');
    expect(await heads.heads(url, ['feature/x'])).toHaveLength(1);
  });

  it('are asked through git from a server of the old protocol, and then at once', async () => {
    const server = await serve({ oldProtocol: true });
    let now = 0;
    const heads = remote({ now: () => now, fallbackMs: 1000 });
    const url = server.url('repo.git');
    const refs = await heads.heads(url, [undefined, 'main', 'refs/tags/v*']);
    expect(refs).toContainEqual({ ref: 'HEAD', commit: first, symref: 'refs/heads/main' });
    expect(refs).toContainEqual({ ref: 'refs/tags/v1', commit: first });
    expect(server.requests).toContain(post);
    server.requests.length = 0;
    await heads.heads(url, ['main']);
    expect(server.requests).toEqual(['GET /repo.git/info/refs?service=git-upload-pack']);
    now = 2000;
    await heads.heads(url, ['main']);
    expect(server.requests).toContain(post);
  });

  it('cannot be had where there is no repository', async () => {
    const server = await serve();
    const wanted = remote().heads(server.url('none.git'), ['main']);
    await expect(wanted).rejects.toMatchObject({ code: 'repository-not-found' });
  });

  it('cannot be had while the remote is unreachable, hangs, or answers nonsense', async () => {
    const silent = await serve({ instead: () => true });
    const hanging = remote({ timeoutMs: 200 }).heads(silent.url('a'), ['main']);
    await expect(hanging).rejects.toMatchObject({
      code: 'remote-unavailable',
      message: expect.stringContaining('in time'),
    });
    const gone = silent.url('a');
    await open.shift()?.stop();
    await expect(remote().heads(gone, ['main'])).rejects.toMatchObject({ code: 'remote-unavailable' });
    const nonsense = await serve({
      instead: (_request, response) => Boolean(response.writeHead(200).end('<html>hello</html>')),
    });
    await expect(remote().heads(nonsense.url('repo.git'), ['main'])).rejects.toMatchObject({
      code: 'remote-unavailable',
      message: expect.stringContaining('smart protocol'),
    });
    const endless = await serve({
      instead: (_request, response) => Boolean(response.writeHead(200).end(Buffer.alloc(5000))),
    });
    await expect(remote({ maxBytes: 1000 }).heads(endless.url('repo.git'), ['main'])).rejects.toThrow(
      /more than 1000 bytes/,
    );
  });

  it('are waited for as long as the remote asks', async () => {
    for (const [status, header, expected] of [
      [429, '7', 7000],
      [503, undefined, 60_000],
      [403, '3', 3000],
    ] as const) {
      const instead = (_request: IncomingMessage, response: ServerResponse): boolean =>
        Boolean(response.writeHead(status, header === undefined ? {} : { 'retry-after': header }).end());
      const server = await serve({ instead });
      await expect(remote().heads(server.url('repo.git'), ['main'])).rejects.toMatchObject({
        code: 'remote-busy',
        retryAfterMs: expected,
      });
      expect(server.requests).toHaveLength(1);
    }
  });

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
    const redirecting = (to: (url: string) => string): GitHttpOptions['instead'] => {
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

  it('are counted against the budget of the host', async () => {
    const server = await serve();
    const waits: number[] = [];
    const clock = { now: () => 0, sleep: (ms: number) => Promise.resolve(void waits.push(ms)) };
    const heads = remote({ budget: new HostBudget({ perSecond: 1, burst: 1, clock }) });
    await heads.heads(server.url('repo.git'), ['main']);
    await heads.heads(server.url('repo.git'), ['main']);
    expect(waits).toEqual([1000]);
  });

  it('are not waited for when the signal aborts', async () => {
    const server = await serve({ instead: () => true });
    const controller = new AbortController();
    const wanted = remote().heads(server.url('repo.git'), ['main'], controller.signal);
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await expect(wanted).rejects.toThrow('enough');
  });

  const daemon = existsSync(path.join(runGit(['--exec-path'], { cwd: '/' }), 'git-daemon')) ? it : it.skip;
  daemon('come over git:// too', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const args = [
      'daemon',
      '--reuseaddr',
      '--verbose',
      '--log-destination=stderr',
      '--listen=127.0.0.1',
      `--port=${port}`,
    ];
    const child = spawn('git', [...args, '--export-all', `--base-path=${root}`], {
      env: gitEnvironment(),
      detached: true,
    });
    open.push({
      stop: () =>
        new Promise((resolve) => {
          child.once('close', resolve);
          process.kill(-(child.pid ?? 0), 'SIGKILL');
        }),
    });
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => chunk.includes('Ready to rumble') && resolve());
    });
    const refs = await remote().heads(`git://127.0.0.1:${port}/repo.git`, [undefined, 'main']);
    expect(selectHeads(refs).heads).toEqual([{ ref: 'refs/heads/main', commit: first }]);
    await expect(remote().heads(`git://127.0.0.1:${port}/none.git`, ['main'])).rejects.toMatchObject({
      code: 'repository-not-found',
    });
  });
});
