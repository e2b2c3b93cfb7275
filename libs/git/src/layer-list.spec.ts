import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as zlib from 'node:zlib';
import { layerList } from './layer-list';
import { TarError } from './tar-reader';

/** Node.js 20 cannot undo zstd. */
const knowsZstd = 'createZstdDecompress' in zlib;
const kinds = [[[]], [['-z']], ...(knowsZstd ? [[['--zstd']]] : [])] as [string[]][];

describe('the list of what is in a layer', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'keelson-list-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  async function* packed(...options: string[]) {
    yield execFileSync('tar', ['-C', directory, '--owner=7', '--group=8', '-cf', '-', ...options, '.']);
    await Promise.resolve();
  }
  const hello = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

  beforeEach(() => {
    mkdirSync(path.join(directory, 'a'), { mode: 0o755 });
    writeFileSync(path.join(directory, 'a/file'), 'hello');
    chmodSync(path.join(directory, 'a/file'), 0o4755);
    symlinkSync('file', path.join(directory, 'a/link'));
    linkSync(path.join(directory, 'a/file'), path.join(directory, 'a/same'));
    chmodSync(directory, 0o700);
  });

  it.each(kinds)('tells type, mode, owner and content of each (tar %j)', async (options) => {
    const entries = await layerList(packed('--sort=name', ...options));
    expect([...entries]).toEqual([
      ['', 'directory 700 7:8'],
      ['a', 'directory 755 7:8'],
      ['a/file', `file 4755 7:8 ${hello}`],
      ['a/link', 'link 7:8 -> file'],
      ['a/same', 'type 1 4755 7:8 ./a/file'],
    ]);
  });

  it('is the same whenever its files were written', async () => {
    const before = await layerList(packed('--mtime=@1'));
    expect(await layerList(packed('--mtime=@1000000000'))).toEqual(before);
    writeFileSync(path.join(directory, 'a/file'), 'other');
    expect(await layerList(packed('--mtime=@1'))).not.toEqual(before);
  });

  it.each(kinds)('is refused of a layer that is cut short or damaged (tar %j)', async (options) => {
    const [whole] = await arrayOf(packed(...options));
    async function* bytes(of: Buffer) {
      yield of;
      await Promise.resolve();
    }
    await expect(layerList(bytes(whole!.subarray(0, whole!.length / 3)))).rejects.toThrow(TarError);
    whole!.fill(7, 20, 60);
    await expect(layerList(bytes(whole!))).rejects.toThrow(TarError);
  });

  const withoutZstd = knowsZstd ? it.skip : it;
  withoutZstd('is refused of one by zstd where Node.js does not know it, in these words', async () => {
    await expect(layerList(packed('--zstd'))).rejects.toThrow('Node.js can undo from 22.15 on');
  });

  it('is not made of more than is allowed', async () => {
    await expect(layerList(packed(), { maxEntries: 3 })).rejects.toThrow(TarError);
    await expect(layerList(packed(), { maxBytes: 4 })).rejects.toThrow(TarError);
  });
});

async function arrayOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of source) all.push(each);
  return all;
}
