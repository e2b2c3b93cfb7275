import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { Credentials } from './credentials';
import { treeLayer } from './layer';
import type { TreeLayer } from './layer';
import { Mirror, mirrorDir } from './mirror';
import { RemoteHeads } from './remote-heads';
import { openRepository } from './repository';
import { resolveRelative, submoduleResolver } from './submodules';
import type { SubmoduleContext } from './submodules';
import { GitHttpServer } from './testing/git-http-server';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

process.env['NO_PROXY'] = '*';

async function namesIn(layer: TreeLayer): Promise<string[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of layer.open()) chunks.push(chunk);
  return spawnSync('tar', ['-tf', '-'], { input: Buffer.concat(chunks) })
    .stdout.toString()
    .trimEnd()
    .split('\n');
}

describe('the submodules of a tree', () => {
  let template: string;
  let root: string;
  let remote: RemoteHeads;
  let server: GitHttpServer;

  /** outer -> libs/inner -> deep */
  beforeAll(() => {
    template = temporaryDirectory();
    const made = (name: string): TestRepository => TestRepository.create(path.join(template, name));
    made('deep').commit('deep', { 'deep.txt': 'deep' });
    const inner = made('inner');
    inner.commit('inner', { 'inner.txt': 'inner' });
    inner.git('submodule', '--quiet', 'add', '../deep', 'deep');
    inner.commit('with deep');
    const outer = made('outer');
    outer.commit('outer', { 'outer.txt': 'outer', 'libs-x': 'between libs and libs/' });
    outer.git('submodule', '--quiet', 'add', '--name', 'the inner', '../inner', 'libs/inner');
    outer.commit('with inner');
    for (const name of ['deep', 'inner', 'outer']) {
      runGit(['clone', '--quiet', '--bare', path.join(template, name), path.join(template, 'srv', name)], {
        cwd: template,
      });
    }
  });
  afterAll(() => remove(template));

  beforeEach(async () => {
    root = copyOf(template);
    remote = new RemoteHeads({ credentials: new Credentials({ helpers: false }) });
    server = await GitHttpServer.start({ root: path.join(root, 'srv') });
  });
  afterEach(async () => {
    await remote.close();
    await server.stop();
    remove(root);
  });

  const mirrors = (): SubmoduleContext['mirrors'] => ({ directory: path.join(root, 'mirrors'), remote });
  const localLayer = async (name: string, id?: string): Promise<TreeLayer> => {
    const repository = await openRepository(path.join(root, name));
    const commit = id ?? runGit(['rev-parse', 'HEAD'], { cwd: path.join(root, name) });
    const location = { kind: 'local', path: path.join(root, name) } as const;
    const submodules = submoduleResolver({ repository, location, mirrors: mirrors() });
    return treeLayer(repository, commit, { prefix: '/', codec: 'none', submodules });
  };
  const remoteLayer = async (name: string, commit?: string): Promise<TreeLayer> => {
    const url = server.url(name);
    const wanted = commit ?? runGit(['rev-parse', 'HEAD'], { cwd: path.join(root, 'srv', name) });
    const repository = await new Mirror({
      directory: mirrorDir(path.join(root, 'mirrors'), url),
      url,
      remote,
    }).ensureCommit(wanted, 'refs/heads/main');
    const submodules = submoduleResolver({ repository, location: { kind: 'remote', url }, mirrors: mirrors() });
    return treeLayer(repository, wanted, { prefix: '/', codec: 'none', submodules });
  };
  const everything = [
    '.gitmodules',
    'libs/',
    'libs-x',
    'libs/inner/',
    'libs/inner/.gitmodules',
    'libs/inner/deep/',
    'libs/inner/deep/deep.txt',
    'libs/inner/inner.txt',
    'outer.txt',
  ];

  it('are in the layer, nested ones too, fetched by URLs relative to the remote', async () => {
    const layer = await remoteLayer('outer');
    expect(await namesIn(layer)).toEqual(everything);
    expect(layer.files).toBe(6);
    expect(layer.warnings).toEqual([]);
  });

  it('give the same layer from a working copy, where nothing is fetched', async () => {
    const outer = TestRepository.at(path.join(root, 'outer'));
    outer.git('submodule', '--quiet', 'update', '--init', '--recursive');
    server.requests.length = 0;
    const local = await localLayer('outer');
    expect(await namesIn(local)).toEqual(everything);
    expect(server.requests).toEqual([]);
    expect(local.digest).toBe((await remoteLayer('outer')).digest);
  });

  it('are found among the modules of a repository where they are not checked out', async () => {
    const outer = TestRepository.at(path.join(root, 'outer'));
    outer.git('submodule', '--quiet', 'update', '--init', '--recursive');
    outer.git('submodule', '--quiet', 'deinit', '--force', '--all');
    remove(path.join(root, 'inner'));
    remove(path.join(root, 'deep'));
    expect(await namesIn(await localLayer('outer'))).toEqual(everything);
  });

  it('are found beside a local repository without a remote', async () => {
    const outer = TestRepository.at(path.join(root, 'outer'));
    outer.git('submodule', '--quiet', 'deinit', '--force', '--all');
    remove(path.join(root, 'outer', '.git', 'modules'));
    expect(await namesIn(await localLayer('outer'))).toEqual(everything);
  });

  it('are left empty, with a warning, when nobody can find them', async () => {
    const repository = await openRepository(path.join(root, 'outer'));
    const id = runGit(['rev-parse', 'HEAD'], { cwd: path.join(root, 'outer') });
    const layer = await treeLayer(repository, id, { prefix: '/', codec: 'none' });
    expect(layer.warnings).toEqual(['submodules left empty: "libs/inner"']);
    expect(await namesIn(layer)).toContain('libs/inner/');
  });

  const withModules = (text: string, links: Record<string, string>, at = path.join(root, 'srv', 'outer')): string => {
    const repository = TestRepository.at(at);
    const modules = repository.object('blob', Buffer.from(text));
    const tree = repository.tree([
      { mode: '100644', name: '.gitmodules', id: modules },
      ...Object.entries(links).map(([name, id]) => ({ mode: '160000', name, id })),
    ]);
    const commit = repository.git('commit-tree', tree, '-m', 'made');
    repository.git('update-ref', 'refs/heads/main', commit);
    return commit;
  };
  const section = (name: string, at: string, url: string): string =>
    `[submodule "${name}"]\n\tpath = ${at}\n\turl = ${url}\n`;

  it.each([
    ['ext::sh -c touch${IFS}ran', /transport helper/],
    ['file:///etc', /file URL/],
    ['/srv/somewhere', /is a path, not/],
    ['-oProxyCommand=x', /is a path|begins with/],
    ['../../../../../../x', /climbs out/],
  ])('of a remote repository are refused with the URL %s', async (url, words) => {
    const commit = withModules(section('s', 's', url), { s: 'a'.repeat(40) });
    const made = remoteLayer('outer', commit);
    await expect(made).rejects.toMatchObject({ code: 'submodule' });
    await expect(made).rejects.toThrow(words);
  });

  it('of a repository outside are not fetched from a private network', async () => {
    const repository = await openRepository(path.join(root, 'srv', 'outer'));
    const location = { kind: 'remote', url: 'https://1.1.1.1/outer' } as const;
    const resolve = submoduleResolver({ repository, location, mirrors: mirrors() });
    const request = { name: 's', path: 's', url: server.url('inner'), commit: 'a'.repeat(40) };
    await expect(resolve(request)).rejects.toThrow(/lies in a private network/);
    expect(server.requests).toEqual([]);
  });

  it('that cannot be had are named, with the reason', async () => {
    const nowhere = withModules(section('s', 's', '../nowhere'), { s: 'a'.repeat(40) });
    await expect(remoteLayer('outer', nowhere)).rejects.toThrow(
      /^the submodule "s" cannot be had: there is no repository/,
    );
    const gone = withModules(section('s', 's', '../inner'), { s: 'a'.repeat(40) });
    await expect(remoteLayer('outer', gone)).rejects.toThrow(/does not have the commit a{40}/);
    const unnamed = withModules('', { s: 'a'.repeat(40) });
    await expect(remoteLayer('outer', unnamed)).rejects.toThrow(/"s" has no entry/);
    const broken = withModules('[submodule "s"\n', { s: 'a'.repeat(40) });
    await expect(remoteLayer('outer', broken)).rejects.toThrow(/\.gitmodules cannot be read/);
  });

  it('that are only out of reach for now are no fault of the user', async () => {
    const commit = withModules(section('s', 's', 'http://127.0.0.1:1/x'), { s: 'a'.repeat(40) });
    await expect(remoteLayer('outer', commit)).rejects.toMatchObject({ code: 'remote-unavailable' });
  });

  it('may not have a name that leads out of the modules', async () => {
    const at = path.join(root, 'outer');
    runGit(['clone', '--quiet', '--bare', path.join(root, 'deep'), path.join(root, 'outside')], { cwd: root });
    const deep = runGit(['rev-parse', 'HEAD'], { cwd: path.join(root, 'deep') });
    const commit = withModules(section('../../../outside', 's', '../nowhere'), { s: deep }, at);
    await expect(localLayer('outer', commit)).rejects.toMatchObject({ code: 'submodule' });
  });

  it('may not contain themselves without end', async () => {
    const at = path.join(root, 'srv', 'outer');
    // A commit cannot name itself, so the chain is as long as it was made; ten is enough.
    let commit = withModules('', {}, at);
    for (let depth = 0; depth < 12; depth += 1) commit = withModules(section('s', 's', '../outer'), { s: commit }, at);
    await expect(remoteLayer('outer', commit)).rejects.toThrow(/nested more than 10 deep/);
  });
});

describe('a relative submodule URL', () => {
  it.each([
    ['https://example.org/a/b.git', '../c.git', 'https://example.org/a/c.git'],
    ['https://example.org/a/b.git/', '../../c', 'https://example.org/c'],
    ['https://example.org/a/b', './c', 'https://example.org/a/b/c'],
    ['git@example.org:a/b', '../c', 'git@example.org:a/c'],
    ['git@example.org:a', '../c', 'git@example.org:c'],
    ['/srv/git/a', '../b', '/srv/git/b'],
  ])('of %s: %s', (base, relative, expected) => {
    expect(resolveRelative(base, relative)).toBe(expected);
  });

  it('does not climb out of its host', () => {
    expect(() => resolveRelative('https://example.org/a', '../../../x')).toThrow(/climbs out/);
  });
});
