import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { freePort, testWhere } from '@keelson/testbed';
import { gitEnvironment } from './config';
import { selectHeads } from './heads';
import { HostBudget } from './host-budget';
import type { RemoteHeads, RemoteHeadsOptions } from './remote-heads';
import type { GitHttpOptions, GitHttpServer } from './testing/git-http-server';
import { servedForEach } from './testing/served-for-each.contract';
import type { ServedRepositories } from './testing/served-repositories';
import { runGit } from './testing/test-repository';
import type { TestRepository } from './testing/test-repository';

describe('the heads of a remote repository', () => {
  let served: ServedRepositories;
  let root: string;
  let work: TestRepository;
  let first: string;

  servedForEach((copy) => {
    served = copy;
    root = served.root;
    work = served.work;
    first = work.head();
  });

  const serve = (options: Partial<GitHttpOptions> = {}): Promise<GitHttpServer> => served.serve(options);
  const remote = (options: RemoteHeadsOptions = {}): RemoteHeads => served.remote(options);
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
    expect(refs).toContainEqual({ ref: 'refs/tags/v1', commit: first, isAnnotated: true });
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
    await silent.stop();
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

  const hasDaemon = existsSync(path.join(runGit(['--exec-path'], { cwd: '/' }), 'git-daemon'));
  testWhere(hasDaemon ? undefined : 'git has no daemon here')('come over git:// too', async () => {
    const port = await freePort();
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
    served.add({
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
