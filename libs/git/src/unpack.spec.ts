import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { treeLayer } from './layer';
import { openRepository } from './repository';
import { constantMtimeSeconds, tarHeader } from './tar-header';
import type { TarEntry } from './tar-header';
import { remove, temporaryDirectory, TestRepository } from './testing/test-repository';
import { unpackLayer } from './unpack';
import type { UnpackOptions } from './unpack';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

/** The bytes in pieces of this size. */
async function* pieces(bytes: Buffer, size = 65_536): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Promise.resolve(bytes.subarray(at, at + size));
}

const end = Buffer.alloc(1024);
const file = (name: string | Buffer, content = ''): Buffer => {
  const bytes = Buffer.from(content);
  const header = tarHeader({ kind: 'file', path: Buffer.from(name), executable: false, sizeBytes: bytes.length });
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
};
const entry = (kind: 'directory' | 'symlink', name: string, target = ''): Buffer =>
  tarHeader({ kind, path: Buffer.from(name), target: Buffer.from(target) } as TarEntry);
/** Changes the type of a header that is otherwise right. */
const typed = (header: Buffer, type: string): Buffer => {
  const sum = Number.parseInt(header.toString('latin1', 148, 154), 8) - (header[156] ?? 0) + type.charCodeAt(0);
  header.write(type, 156, 'latin1');
  header.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
  return header;
};

describe('unpacking a layer', () => {
  let root: string;
  let into: string;

  beforeEach(() => {
    root = temporaryDirectory();
    into = path.join(root, 'into');
  });
  afterEach(() => remove(root));

  const unpack = (parts: readonly Buffer[], options: Partial<UnpackOptions> = {}, size?: number) =>
    unpackLayer(pieces(Buffer.concat([...parts, end]), size), { into, ...options });

  it.each(['none', 'gzip-1'] as const)(
    'gives back the tree it was made from, without the prefix (%s)',
    async (codec) => {
      const work = TestRepository.create(path.join(root, 'work'));
      const commit = work.commit('first', {
        'a/b/c': 'c',
        'a/run': { executable: '#!/bin/sh\n' },
        link: { link: 'a/b' },
        outside: { link: '../../etc/passwd' },
        large: Buffer.alloc(3_000_001, 'large'),
        'new\nline': 'x',
        [`${'n'.repeat(255)}`]: 'long',
      });
      const layer = await treeLayer(await openRepository(work.path), commit, { prefix: '/opt/src', codec });
      expect(await unpackLayer(layer.open(), { into, prefix: '/opt/src' })).toEqual({ files: 7 });
      expect(spawnSync('diff', ['-r', '--no-dereference', '-x', '.git', work.path, into]).status).toBe(0);
      expect(statSync(path.join(into, 'a/run')).mode & 0o777).toBe(0o777 & ~process.umask());
      expect(statSync(path.join(into, 'large')).mtimeMs).toBe(constantMtimeSeconds * 1000);
      expect(readlinkSync(path.join(into, 'outside'))).toBe('../../etc/passwd');
    },
  );

  it('keeps names of any bytes', async () => {
    const name = Buffer.from([0x61, 0xff, 0xfe, 0x0a]);
    await unpack([file(name, 'x')]);
    expect(readdirSync(Buffer.from(into), { encoding: 'buffer' })[0]?.equals(name)).toBe(true);
  });

  it('reads what arrives in pieces of any size', async () => {
    await unpack([entry('directory', 'd'), file('d/f', 'hello'), file('x'.repeat(150), 'y')], {}, 7);
    expect(readFileSync(path.join(into, 'd/f'), 'utf8')).toBe('hello');
    expect(readdirSync(into)).toEqual(['d', 'x'.repeat(150)]);
  });

  it.each([['--format=pax'], ['--format=gnu'], ['--format=ustar'], ['--format=v7']])(
    'reads what tar writes with %s',
    async (format) => {
      const from = path.join(root, 'from');
      mkdirSync(path.join(from, 'deep', 'd'.repeat(60)), { recursive: true });
      writeFileSync(path.join(from, 'deep', 'd'.repeat(60), 'file'), 'content');
      if (format !== '--format=v7' && format !== '--format=ustar')
        writeFileSync(path.join(from, 'ü'.repeat(100)), 'long');
      symlinkSync('deep', path.join(from, 'link'));
      const made = spawnSync('tar', ['-C', from, format, '-cf', '-', '.']);
      await unpackLayer(pieces(gzipSync(made.stdout)), { into });
      expect(spawnSync('diff', ['-r', '--no-dereference', from, into]).status).toBe(0);
    },
  );

  it.each<[string, () => Buffer[], RegExp]>([
    ['a name that climbs', () => [file('../escaped')], /leads out: "\.\.\/escaped"/],
    ['a name that climbs inside', () => [file('a/../../escaped')], /leads out/],
    ['a directory that climbs', () => [entry('directory', '..')], /leads out/],
    ['an absolute name', () => [file('/escaped')], /absolute name/],
    ['a file through a link', () => [entry('symlink', 'link', '..'), file('link/escaped')], /below a file or a link/],
    [
      "a directory in a link's place",
      () => [entry('symlink', 'link', '..'), entry('directory', 'link')],
      /below a file or a link/,
    ],
    ["a file in a link's place", () => [entry('symlink', 'link', '../escaped'), file('link', 'x')], /twice/],
    ['a file twice', () => [file('a'), file('a')], /twice/],
    ['a file below a file', () => [file('a'), file('a/b')], /below a file/],
    ['a hard link', () => [typed(entry('symlink', 'a', '/etc/passwd'), '1')], /type "1"/],
    ['a device', () => [typed(entry('symlink', 'a'), '3')], /type "3"/],
    ['a fifo', () => [typed(entry('symlink', 'a'), '6')], /type "6"/],
  ])('refuses %s', async (_name, parts, words) => {
    const unpacked = unpack(parts());
    await expect(unpacked).rejects.toMatchObject({ code: 'hostile-layer' });
    await expect(unpacked).rejects.toThrow(words);
    expect(readdirSync(root)).toEqual(['into']);
  });

  it('refuses what lies outside of the prefix, and takes its parents off', async () => {
    const inside = [entry('directory', 'opt'), entry('directory', 'opt/src'), file('opt/src/a', 'a')];
    expect(await unpack(inside, { prefix: '/opt/src' })).toEqual({ files: 1 });
    remove(into);
    await expect(unpack([file('etc/passwd')], { prefix: '/opt/src' })).rejects.toThrow(/outside of \/opt\/src/);
    remove(into);
    await expect(unpack([file('opt')], { prefix: '/opt/src' })).rejects.toThrow(/where a directory belongs/);
  });

  it('writes only into an empty directory', async () => {
    mkdirSync(into);
    symlinkSync(root, path.join(into, 'link'));
    await expect(unpack([file('link/escaped')])).rejects.toThrow(/not empty/);
    expect(existsSync(path.join(root, 'escaped'))).toBe(false);
  });

  it('refuses damaged, cut and oversized archives', async () => {
    await expect(unpack([Buffer.alloc(512, 'x')])).rejects.toMatchObject({ code: 'tar' });
    remove(into);
    await expect(unpackLayer(pieces(file('a', 'content').subarray(0, 515)), { into })).rejects.toThrow(/early/);
    remove(into);
    await expect(unpackLayer(pieces(Buffer.alloc(0)), { into })).rejects.toThrow(/early/);
    remove(into);
    await expect(unpack([file('a', 'x'.repeat(2000))], { maxBytes: 1000 })).rejects.toThrow(/larger than allowed/);
    remove(into);
    await expect(unpackLayer(pieces(gzipSync(Buffer.alloc(2048)).subarray(0, 15)), { into })).rejects.toThrow();
    remove(into);
    const broken = (async function* () {
      yield await Promise.resolve(file('a', 'x').subarray(0, 512));
      throw new Error('the network is gone');
    })();
    await expect(unpackLayer(broken, { into })).rejects.toThrow('the network is gone');
  });

  it('stops when the signal aborts', async () => {
    const controller = new AbortController();
    const endless = (async function* () {
      yield await Promise.resolve(file('a', 'x'));
      controller.abort(new Error('enough'));
      await new Promise(() => undefined);
    })();
    await expect(unpackLayer(endless, { into, signal: controller.signal })).rejects.toThrow('enough');
  });
});
