import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { removeAbandoned } from './bare-repository';
import { commitsBetween, hasCommit } from './commits';
import { Credentials } from './credentials';
import { Mirror, mirrorDir } from './mirror';
import { readBlob } from './blob';
import { RemoteHeads } from './remote-heads';
import { GitHttpServer } from './testing/git-http-server';
import type { GitHttpOptions } from './testing/git-http-server';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

process.env['NO_PROXY'] = '*';

describe('a mirror of a remote repository', () => {
  let template: string;
  let root: string;
  let work: TestRepository;
  let bare: string;
  const open: { stop(): Promise<unknown> }[] = [];

  beforeAll(() => {
    template = temporaryDirectory();
    const made = TestRepository.create(path.join(template, 'work'));
    for (let index = 0; index < 5; index += 1) made.commit(`c${index}`, { file: `${index}` });
    runGit(['clone', '--quiet', '--bare', made.path, 'repo.git'], { cwd: template });
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
    bare = path.join(root, 'repo.git');
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
  const mirrorOf = (url: string, credentials = new Credentials({ helpers: false })): Mirror => {
    const remote = new RemoteHeads({ credentials });
    open.push({ stop: () => remote.close() });
    return new Mirror({ directory: mirrorDir(path.join(root, 'mirrors'), url), url, remote, lockWaitMs: 250 });
  };
  const push = (...args: string[]): void => void work.git('push', '--quiet', '--force', bare, ...args);

  it('fetches one commit alone, once', async () => {
    const server = await serve();
    const mirror = mirrorOf(server.url('repo.git'));
    const repository = await mirror.ensureCommit(work.head(), 'refs/heads/main');
    expect(String(await readBlob(repository, { commit: work.head(), path: 'file' }, { maxBytes: 10 }))).toBe('4');
    expect(await hasCommit(repository, work.head('HEAD~1'))).toBe(false);
    server.requests.length = 0;
    await mirror.ensureCommit(work.head(), 'refs/heads/main');
    expect(server.requests).toEqual([]);
  });

  it('fetches next commits, forced ones, and several at the same time', async () => {
    const server = await serve();
    const mirror = mirrorOf(server.url('repo.git'));
    await mirror.ensureCommit(work.head(), 'refs/heads/main');
    work.git('commit', '--quiet', '--amend', '--allow-empty', '-m', 'forced');
    const forced = work.head();
    push('main');
    const next = work.commit('next', { file: 'next' });
    push('main:other');
    const both = await Promise.all([
      mirror.ensureCommit(forced, 'refs/heads/main'),
      mirrorOf(server.url('repo.git')).ensureCommit(next, 'refs/heads/other'),
    ]);
    for (const repository of both) expect(await hasCommit(repository, forced)).toBe(true);
  });

  it('looks behind the ref where a server gives nothing by its id', async () => {
    const server = await serve({ oldProtocol: true });
    const old = work.head('HEAD~3');
    const repository = await mirrorOf(server.url('repo.git')).ensureCommit(old, 'refs/heads/main');
    expect(String(await readBlob(repository, { commit: old, path: 'file' }, { maxBytes: 10 }))).toBe('1');
  });

  it('says that a commit is not to be had', async () => {
    const server = await serve();
    const wanted = mirrorOf(server.url('repo.git')).ensureCommit('d'.repeat(40), 'refs/heads/main');
    await expect(wanted).rejects.toMatchObject({ code: 'commit-unavailable' });
    const nowhere = mirrorOf(server.url('none.git')).ensureCommit('d'.repeat(40), 'refs/heads/main');
    await expect(nowhere).rejects.toMatchObject({ code: 'repository-not-found' });
    const down = mirrorOf(server.url('repo.git').replace('127.0.0.1', '127.0.0.2')).ensureCommit('e'.repeat(40));
    await expect(down).rejects.toMatchObject({ code: 'remote-unavailable' });
  });

  it('fetches with a token, which is nowhere in the mirror', async () => {
    const server = await serve({ auth: 'me:s3cret' });
    const tokenFile = path.join(root, 'tokens');
    writeFileSync(tokenFile, `http://me:s3cret@127.0.0.1:${server.port}\n`);
    const mirror = mirrorOf(server.url('repo.git'), new Credentials({ tokenFile, helpers: false }));
    const repository = await mirror.ensureCommit(work.head(), 'refs/heads/main');
    expect(runGit(['config', '--list'], { cwd: repository.gitDir })).not.toContain('s3cret');
    const without = mirrorOf(`${server.url('repo.git')}/`).ensureCommit('e'.repeat(40), 'refs/heads/main');
    await expect(without).rejects.toMatchObject({ code: 'remote-auth' });
  });

  it('follows a redirect by our own rules', async () => {
    const server = await serve({
      instead: (request, response) =>
        request.url?.startsWith('/old') === true &&
        Boolean(response.writeHead(301, { location: request.url.replace('/old', '/repo') }).end()),
    });
    await mirrorOf(server.url('old.git')).ensureCommit(work.head(), 'refs/heads/main');
    const away = await serve({
      instead: (request, response) =>
        Boolean(response.writeHead(301, { location: `http://localhost:1${request.url ?? ''}` }).end()),
    });
    const refused = mirrorOf(away.url('old.git')).ensureCommit(work.head(), 'refs/heads/main');
    await expect(refused).rejects.toThrow(/not followed/);
  });

  it('stays usable after an interrupted fetch and its lock files', async () => {
    const server = await serve();
    const mirror = mirrorOf(server.url('repo.git'));
    const repository = await mirror.ensureCommit(work.head(), 'refs/heads/main');
    const controller = new AbortController();
    const next = work.commit('next', { file: 'next' });
    push('main');
    const interrupted = mirror.ensureCommit(next, 'refs/heads/main', controller.signal);
    controller.abort(new Error('enough'));
    await expect(interrupted).rejects.toThrow('enough');
    const stale = path.join(repository.gitDir, 'shallow.lock');
    writeFileSync(stale, '');
    utimesSync(stale, 1, 1);
    await mirror.ensureCommit(next, 'refs/heads/main');
    expect(await hasCommit(repository, next)).toBe(true);
    expect(existsSync(stale)).toBe(false);
  });

  it('takes over a fresh lock file of a killed fetch after a while', async () => {
    const server = await serve();
    const mirror = mirrorOf(server.url('repo.git'));
    const repository = await mirror.ensureCommit(work.head('HEAD~1'), 'refs/heads/main');
    writeFileSync(path.join(repository.gitDir, 'shallow.lock'), '');
    await mirror.ensureCommit(work.head(), 'refs/heads/main');
    expect(await hasCommit(repository, work.head())).toBe(true);
  });

  it('is made anew when it was damaged', async () => {
    const server = await serve();
    const mirror = mirrorOf(server.url('repo.git'));
    const repository = await mirror.ensureCommit(work.head('HEAD~1'), 'refs/heads/main');
    const packs = path.join(repository.gitDir, 'objects', 'pack');
    for (const name of readdirSync(packs).filter((file) => /\.(pack|idx)$/.test(file))) {
      chmodSync(path.join(packs, name), 0o644);
      writeFileSync(path.join(packs, name), '');
    }
    await mirror.ensureCommit(work.head(), 'refs/heads/main');
    writeFileSync(path.join(repository.gitDir, 'config'), 'rubbish [');
    await mirror.ensureCommit(work.head(), 'refs/heads/main');
    expect(String(await readBlob(repository, { commit: work.head(), path: 'file' }, { maxBytes: 10 }))).toBe('4');
  });

  it('speaks SHA-256 where the remote does', async () => {
    runGit(['init', '--quiet', '--object-format=sha256', 'wide'], { cwd: root });
    const wide = TestRepository.at(path.join(root, 'wide'));
    const commit = wide.commit('first', { file: 'wide' });
    runGit(['clone', '--quiet', '--bare', wide.path, 'wide.git'], { cwd: root });
    const server = await serve();
    const remote = new RemoteHeads();
    open.push({ stop: () => remote.close() });
    expect(await remote.heads(server.url('wide.git'), ['main'])).toEqual([{ ref: 'refs/heads/main', commit }]);
    const repository = await mirrorOf(server.url('wide.git')).ensureCommit(commit, 'refs/heads/main');
    expect(String(await readBlob(repository, { commit, path: 'file' }, { maxBytes: 10 }))).toBe('wide');
  });

  it('removes only what was abandoned', async () => {
    const directory = path.join(root, 'some.git');
    mkdirSync(path.join(directory, 'objects', 'pack'), { recursive: true });
    const files = ['packed-refs.lock', 'objects/pack/tmp_pack_x', 'packed-refs'].map((name) =>
      path.join(directory, name),
    );
    for (const file of files) writeFileSync(file, '');
    await removeAbandoned(directory);
    expect(files.map((file) => existsSync(file))).toEqual([true, true, true]);
    for (const file of files) utimesSync(file, 1, 1);
    await removeAbandoned(directory);
    expect(files.map((file) => existsSync(file))).toEqual([false, false, true]);
  });

  it('names its directory after the URL, and no other the same', () => {
    expect(mirrorDir('/m', 'https://example.org/a/b.git')).toMatch(/^\/m\/example\.org-a-b\.git-[0-9a-f]{16}$/);
    expect(mirrorDir('/m', 'https://example.org/a-b.git')).not.toBe(mirrorDir('/m', 'https://example.org/a/b.git'));
    expect(path.dirname(mirrorDir('/m', '../../..'))).toBe('/m');
  });

  describe('for the history of a ref', () => {
    const range = async (mirror: Mirror, wanted: { from: string | undefined; to: string; limit?: number }) => {
      const full = { limit: 1000, ref: 'refs/heads/main', ...wanted };
      return commitsBetween(await mirror.ensureHistory(full), full);
    };

    it('knows what lies between two commits, without their files', async () => {
      runGit(['config', 'uploadpack.allowFilter', 'true'], { cwd: bare });
      const server = await serve();
      const mirror = mirrorOf(server.url('repo.git'));
      const found = await range(mirror, { from: work.head('HEAD~3'), to: work.head() });
      expect(found).toMatchObject({ total: 3, forced: false, fromKnown: true });
      const gitDir = path.join(mirrorDir(path.join(root, 'mirrors'), server.url('repo.git')), 'history.git');
      expect(runGit(['count-objects', '-v'], { cwd: gitDir })).toMatch(/count: 5|in-pack: 5/);
      const next = work.commit('next');
      push('main');
      expect((await range(mirror, { from: work.head('HEAD~1'), to: next })).commits).toEqual([next]);
    });

    it.each([true, false])('deepens until the range is whole (filter: %s)', async (filter) => {
      runGit(['config', 'uploadpack.allowFilter', String(filter)], { cwd: bare });
      const start = work.head();
      const lines = Array.from({ length: 150 }, (_, index) => {
        const from = index === 0 ? `from ${start}\n` : '';
        return `commit refs/heads/main\nmark :${index + 1}\ncommitter C <c@example.org> ${1_700_000_100 + index} +0000\ndata 1\nx\n${from}\n`;
      });
      work.gitWith(['fast-import', '--quiet', '--force'], { input: lines.join('') });
      push('main');
      const server = await serve();
      const found = await range(mirrorOf(server.url('repo.git')), { from: start, to: work.head('main') });
      expect(found).toMatchObject({ total: 150, forced: false, fromKnown: true });
      const few = await range(mirrorOf(server.url('repo.git')), { from: undefined, to: work.head('main'), limit: 3 });
      expect(few.commits).toHaveLength(3);
    });

    it('sees a forced push, from a commit that the remote still has', async () => {
      const server = await serve();
      const from = work.head();
      work.git('reset', '--quiet', '--hard', 'HEAD~2');
      const to = work.commit('forced', { file: 'forced' });
      push('main');
      const found = await range(mirrorOf(server.url('repo.git')), { from, to });
      expect(found).toMatchObject({ commits: [to], forced: true });
    });

    it('works from a commit that nobody has', async () => {
      const server = await serve();
      const found = await range(mirrorOf(server.url('repo.git')), { from: 'f'.repeat(40), to: work.head() });
      expect(found).toMatchObject({ total: 5, fromKnown: false });
    });
  });
});
