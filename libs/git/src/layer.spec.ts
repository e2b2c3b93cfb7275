import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { testWhere } from '@keelson/testbed';
import { GitSession } from './git-session';
import { layerKey, treeLayer } from './layer';
import type { LayerOptions, TreeLayer } from './layer';
import { openRepository } from './repository';
import { constantMtimeSeconds, tarHeader } from './tar-header';
import { copyOf, remove, runGit, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function bytesOf(layer: TreeLayer): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of layer.open()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('the layer of a tree', () => {
  let template: string;
  let root: string;
  let work: TestRepository;

  beforeAll(() => {
    template = temporaryDirectory();
    TestRepository.create(path.join(template, 'work')).commit('first', {
      plain: 'plain',
      'dir/run.sh': { executable: '#!/bin/sh\n' },
      'dir-x': 'sorts between dir and dir/',
      'dir/link': { link: '../plain' },
      absolute: { link: '/etc/passwd' },
      empty: '',
    });
  });
  afterAll(() => remove(template));
  beforeEach(() => {
    root = copyOf(template);
    work = TestRepository.at(path.join(root, 'work'));
  });
  afterEach(() => remove(root));

  const layerOf = async (id = work.head(), options: Partial<LayerOptions> = {}, at = work.path): Promise<TreeLayer> =>
    treeLayer(await openRepository(at), id, { prefix: '/src', codec: 'none', ...options });
  /** Extracts with the system's tar. */
  const extract = (bytes: Buffer): string => {
    const into = path.join(root, 'out');
    mkdirSync(into);
    const done = spawnSync('tar', ['-C', into, '-xf', '-'], { input: bytes });
    if (done.status !== 0) throw new Error(String(done.stderr));
    return into;
  };

  it('holds every file below the prefix, in byte order, with plain owners, one time and two modes', async () => {
    const layer = await layerOf();
    const bytes = await bytesOf(layer);
    const listing = spawnSync('tar', ['--utc', '--numeric-owner', '-tvf', '-'], { input: bytes }).stdout.toString();
    expect(listing.trimEnd().split('\n')).toEqual([
      'drwxr-xr-x 0/0               0 2000-01-01 00:00 src/',
      'lrwxrwxrwx 0/0               0 2000-01-01 00:00 src/absolute -> /etc/passwd',
      'drwxr-xr-x 0/0               0 2000-01-01 00:00 src/dir/',
      '-rw-r--r-- 0/0              26 2000-01-01 00:00 src/dir-x',
      'lrwxrwxrwx 0/0               0 2000-01-01 00:00 src/dir/link -> ../plain',
      '-rwxr-xr-x 0/0              10 2000-01-01 00:00 src/dir/run.sh',
      '-rw-r--r-- 0/0               0 2000-01-01 00:00 src/empty',
      '-rw-r--r-- 0/0               5 2000-01-01 00:00 src/plain',
    ]);
    expect(layer).toMatchObject({
      digest: sha256(bytes),
      diffId: sha256(bytes),
      sizeBytes: bytes.length,
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      files: 6,
      warnings: [],
      tree: work.head('HEAD^{tree}'),
    });
  });

  it('is the same for the same tree, wherever it was cloned and however it is named', async () => {
    work.git('gc', '--quiet');
    runGit(['clone', '--quiet', '--bare', work.path, 'clone.git'], { cwd: root });
    const digests = await Promise.all([
      layerOf(),
      layerOf(work.head('HEAD^{tree}')),
      layerOf(work.commit('same tree, other commit')),
      layerOf(work.head('HEAD~1'), {}, path.join(root, 'clone.git')),
    ]);
    expect(new Set(digests.map(({ digest }) => digest)).size).toBe(1);
    const other = await layerOf(work.head(), { prefix: '/app' });
    expect(other.digest).not.toBe(digests[0].digest);
    expect(layerKey('t', '/src/', 'none')).toBe('layer-v1:t:src:none');
  });

  it('is what git archive would hold', async () => {
    const into = extract(await bytesOf(await layerOf()));
    expect(readFileSync(path.join(into, 'src/dir/run.sh'), 'utf8')).toBe('#!/bin/sh\n');
    expect(readlinkSync(path.join(into, 'src/absolute'))).toBe('/etc/passwd');
    expect(statSync(path.join(into, 'src/plain')).mtimeMs).toBe(constantMtimeSeconds * 1000);
    expect(spawnSync('diff', ['-r', '--no-dereference', '-x', '.git', work.path, path.join(into, 'src')]).status).toBe(
      0,
    );
  });

  it('goes under a deep prefix, or under none', async () => {
    const deep = await bytesOf(await layerOf(work.head(), { prefix: '/opt/app/src' }));
    const names = spawnSync('tar', ['-tf', '-'], { input: deep }).stdout.toString().split('\n');
    expect(names.slice(0, 3)).toEqual(['opt/', 'opt/app/', 'opt/app/src/']);
    const none = await bytesOf(await layerOf(work.head(), { prefix: '/' }));
    expect(spawnSync('tar', ['-tf', '-'], { input: none }).stdout.toString()).toMatch(/^absolute\n/);
    for (const prefix of ['src', '/a/../b', '/a\nb'])
      await expect(layerOf(work.head(), { prefix })).rejects.toThrow(TypeError);
  });

  it('takes names of any bytes and any length', async () => {
    const id = work.object('blob', Buffer.from('x'));
    const odd = [
      Buffer.from('new\nline'),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from('n'.repeat(255)),
      Buffer.from(' -rf *'),
      Buffer.from('back\\slash'),
      Buffer.from('ünïcödé'),
    ];
    const link = work.object('blob', Buffer.from(`${'t/'.repeat(120)}x`));
    const inner = work.tree([{ mode: '100644', name: 'deep'.repeat(60), id }]);
    const tree = work.tree([
      ...odd.map((name) => ({ mode: '100644', name, id })),
      { mode: '120000', name: 'l'.repeat(120), id: link },
      { mode: '40000', name: 'd'.repeat(200), id: inner },
    ]);
    const into = extract(await bytesOf(await layerOf(tree)));
    const names = readdirSync(Buffer.from(path.join(into, 'src')), { encoding: 'buffer' });
    for (const name of odd) expect(names.some((found) => found.equals(name))).toBe(true);
    expect(readlinkSync(path.join(into, 'src', 'l'.repeat(120)))).toBe(`${'t/'.repeat(120)}x`);
    expect(readdirSync(path.join(into, 'src', 'd'.repeat(200)))).toEqual(['deep'.repeat(60)]);
  });

  const hasPython = spawnSync('python3', ['--version']).status === 0;
  testWhere(hasPython ? undefined : 'python3 is not in PATH')('is read by python too', async () => {
    const id = work.object('blob', Buffer.from('x'));
    const tree = work.tree([{ mode: '100644', name: 'n'.repeat(255), id }]);
    const program = 'import sys,tarfile\nfor m in tarfile.open(fileobj=sys.stdin.buffer,mode="r|"): print(m.name)';
    const listed = spawnSync('python3', ['-c', program], { input: await bytesOf(await layerOf(tree)) });
    expect(listed.stdout.toString()).toBe(`src\nsrc/${'n'.repeat(255)}\n`);
  });

  it('says sizes of 8 GiB and more in base 256', () => {
    const path = Buffer.from('huge');
    const header = tarHeader({ kind: 'file', path, executable: false, sizeBytes: 8_589_934_592 });
    expect(header.subarray(124, 136).toString('hex')).toBe('800000000000000200000000');
    const below = tarHeader({ kind: 'file', path, executable: false, sizeBytes: 8_589_934_591 });
    expect(below.toString('latin1', 124, 135)).toBe('77777777777');
  });

  it('can be compressed: always to the same bytes, without a time in them', async () => {
    const plain = await bytesOf(await layerOf());
    const layer = await layerOf(work.head(), { codec: 'gzip-1' });
    const packed = await bytesOf(layer);
    expect(packed.subarray(0, 10).toString('hex')).toBe('1f8b08000000000004ff');
    expect(gunzipSync(packed).equals(plain)).toBe(true);
    expect(layer).toMatchObject({
      digest: sha256(packed),
      diffId: sha256(plain),
      sizeBytes: packed.length,
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    });
    expect((await layerOf(work.head(), { codec: 'gzip-1' })).digest).toBe(layer.digest);
  });

  it.each(['none', 'gzip-1'] as const)(
    'is spooled to a file when it is large, and leaves none behind (%s)',
    async (codec) => {
      const spoolDirectory = path.join(root, 'spool');
      mkdirSync(spoolDirectory);
      const large = Buffer.alloc(3_000_000, 'large ');
      const commit = work.commit('large', { large, 'large-2': Buffer.concat([large, large]) });
      const held = await layerOf(commit, { codec });
      const spooled = await layerOf(commit, { codec, memoryBytes: 10_000, spoolDirectory });
      expect(spooled.digest).toBe(held.digest);
      expect(readdirSync(spoolDirectory)).toEqual([]);
      expect(sha256(await bytesOf(spooled))).toBe(spooled.digest);
      expect(sha256(await bytesOf(spooled))).toBe(spooled.digest);
      await spooled.dispose();
      await spooled.dispose();
      await expect(bytesOf(spooled)).rejects.toThrow('disposed');
    },
  );

  it('is made through a kept session too', async () => {
    const session = new GitSession(await openRepository(work.path));
    try {
      const first = await treeLayer(session, work.head(), { prefix: '/src', codec: 'none' });
      const second = await treeLayer(session, work.head(), { prefix: '/src', codec: 'none' });
      expect([second.digest, (await layerOf()).digest]).toEqual([first.digest, first.digest]);
    } finally {
      session.close();
    }
  });

  it('names Git LFS pointers in a warning', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n';
    const files = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`big/${index}.bin`, pointer]));
    const layer = await layerOf(work.commit('lfs', { ...files, 'about.txt': `${pointer}${'x'.repeat(2000)}` }));
    expect(layer.warnings).toHaveLength(1);
    expect(layer.warnings[0]).toMatch(
      /^Git LFS pointers instead of the files themselves: "src\/big\/0.bin", .* and 2 more$/,
    );
    expect(layer.warnings[0]).not.toContain('about.txt');
  });

  it('follows no replacement that refs/replace names', async () => {
    const before = await layerOf();
    const other = work.object('blob', Buffer.from('replaced'));
    work.git('replace', work.head('HEAD:plain'), other);
    expect((await layerOf()).digest).toBe(before.digest);
  });

  it('fails when an object is missing, and when there is no such tree', async () => {
    const missing = work.tree([{ mode: '100644', name: 'a', id: 'a'.repeat(40) }]);
    await expect(layerOf(missing)).rejects.toMatchObject({
      code: 'object-missing',
      message: expect.stringContaining('src/a'),
    });
    await expect(layerOf('b'.repeat(40))).rejects.toMatchObject({ code: 'object-missing' });
    await expect(layerOf(work.head('HEAD:plain'))).rejects.toMatchObject({ code: 'object-missing' });
  });

  it('stops when the signal aborts', async () => {
    const controller = new AbortController();
    const made = layerOf(work.commit('large', { large: Buffer.alloc(30_000_000) }), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(made).rejects.toThrow('enough');
  });

  it('leaves no spool directory behind when it fails', async () => {
    const spoolDirectory = path.join(root, 'spool');
    mkdirSync(spoolDirectory);
    writeFileSync(path.join(spoolDirectory, 'other'), '');
    const missing = work.tree([
      { mode: '100644', name: 'a', id: work.object('blob', Buffer.alloc(3_000_000)) },
      { mode: '100644', name: 'b', id: 'a'.repeat(40) },
    ]);
    await expect(layerOf(missing, { memoryBytes: 10, spoolDirectory })).rejects.toThrow();
    expect(readdirSync(spoolDirectory)).toEqual(['other']);
  });
});
