import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { FilePool } from './file-pool';
import { constantMtimeSeconds, tarHeader } from './tar-header';
import { remove, temporaryDirectory } from './testing/test-repository';
import { unpackLayer } from './unpack';

type Files = Readonly<Record<string, string>>;

/** An archive of these files; a name that ends in `*` is executable. */
async function* archive(files: Files): AsyncIterable<Uint8Array> {
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    const executable = name.endsWith('*');
    const place = Buffer.from(name.replace('*', ''));
    yield tarHeader({ kind: 'file', path: place, executable, sizeBytes: bytes.length });
    yield Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  }
  yield await Promise.resolve(Buffer.alloc(1024));
}

describe('files that are used again', () => {
  let root: string;
  let pool: FilePool;
  beforeEach(() => {
    root = temporaryDirectory();
    pool = new FilePool(path.join(root, 'spare'));
  });
  afterEach(() => remove(root));

  let copies = 0;
  async function unpack(files: Files) {
    const into = path.join(root, `copy${(copies += 1)}`);
    const { kept } = await unpackLayer(archive(files), { into, pool });
    const at = (name: string) => path.join(into, name);
    return {
      kept,
      at,
      inode: (name: string) => lstatSync(at(name)).ino,
      text: (name: string) => readFileSync(at(name), 'utf8'),
    };
  }
  const files: Files = { 'a/one': 'the first', 'a/two*': 'the second', three: 'the third' };

  it('are the very same where nobody touched them, whatever else changed', async () => {
    const first = await unpack(files);
    const inodes = ['a/one', 'a/two', 'three'].map(first.inode);
    writeFileSync(first.at('a/left'), 'over');
    await pool.giveBack(first.kept);
    const second = await unpack({ ...files, three: 'another third', 'a/one': 'the first' });
    expect(['a/one', 'a/two'].map(second.inode)).toEqual(inodes.slice(0, 2));
    expect(['a/one', 'a/two', 'three'].map(second.text)).toEqual(['the first', 'the second', 'another third']);
    expect(readdirSync(second.at('a'))).toEqual(['one', 'two']);
    expect(lstatSync(second.at('a/two')).mode & 0o111).not.toBe(0);
    expect(lstatSync(second.at('a/one')).mode & 0o111).toBe(0);
    expect(lstatSync(second.at('a/one')).mtimeMs).toBe(constantMtimeSeconds * 1000);
    await pool.giveBack(second.kept);
    expect((await unpack(files)).inode('three')).toBe(inodes[2]);
  });

  const touched: readonly (readonly [string, (file: string) => void])[] = [
    ['written to, as long as before and with its time put back', (file) => rewrite(file, 'the FIRST')],
    ['written to with the very same bytes', (file) => rewrite(file, 'the first')],
    ['appended to', (file) => appendFileSync(file, '!')],
    ['made executable', (file) => chmodSync(file, 0o755)],
    ['made executable and plain again', (file) => [0o755, 0o644].forEach((mode) => chmodSync(file, mode))],
    ['linked', (file) => linkSync(file, `${file}-link`)],
    ['linked, and the link removed', (file) => [linkSync(file, `${file}-link`), unlinkSync(`${file}-link`)]],
    ['moved away and back', (file) => [renameSync(file, `${file}-away`), renameSync(`${file}-away`, file)]],
    ['replaced', (file) => [unlinkSync(file), rewrite(file, 'the FIRST')]],
    ['replaced by a directory', (file) => [unlinkSync(file), mkdirSync(file)]],
    ['removed', (file) => unlinkSync(file)],
  ];
  const rewrite = (file: string, text: string) => {
    writeFileSync(file, text);
    utimesSync(file, constantMtimeSeconds, constantMtimeSeconds);
  };

  it.each(touched)('are never one that was %s', async (_how, touch) => {
    const first = await unpack(files);
    const { ino } = lstatSync(first.at('a/one'));
    const other = first.inode('three');
    touch(first.at('a/one')); // at once: also within one tick of the file system's clock
    await pool.giveBack(first.kept);
    const second = await unpack(files);
    expect(second.text('a/one')).toBe('the first');
    expect(lstatSync(second.at('a/one')).nlink).toBe(1);
    expect(second.inode('three')).toBe(other);
    expect(pool.take(pool.keyOf(Buffer.from('the first'), false), Buffer.from(path.join(root, 'x')))).toBe(false);
    expect([ino, second.inode('a/one')]).toHaveLength(2);
  });

  it('are not one that was touched while it waited', async () => {
    const first = await unpack(files);
    await pool.giveBack(first.kept);
    const [own] = readdirSync(path.join(root, 'spare'));
    for (const name of readdirSync(path.join(root, 'spare', own!)))
      rewrite(path.join(root, 'spare', own!, name), 'the FIRST');
    expect((await unpack(files)).text('a/one')).toBe('the first');
  });

  it('are two where two have the same content', async () => {
    const twins: Files = { one: 'same', two: 'same' };
    const first = await unpack(twins);
    const inodes = ['one', 'two'].map(first.inode).sort();
    await pool.giveBack(first.kept);
    const [second, third] = [await unpack(twins), await unpack(twins)];
    expect(['one', 'two'].map(second.inode).sort()).toEqual(inodes);
    expect(inodes).not.toContain(third.inode('one'));
  });

  it('are as many as there may be, the newest', async () => {
    pool = new FilePool(path.join(root, 'few'), { mostFiles: 2 });
    const first = await unpack(files);
    await pool.giveBack(first.kept);
    const second = await unpack(files);
    expect(second.inode('a/one')).not.toBe(first.kept[0]!.stat.ino);
    expect([second.inode('a/two'), second.inode('three')].map(BigInt)).toEqual(
      first.kept.slice(1).map(({ stat }) => stat.ino),
    );
  });

  it('are none of an earlier process', async () => {
    const first = await unpack(files);
    await pool.giveBack(first.kept);
    const place = path.join(root, 'spare');
    pool = new FilePool(place);
    const inodes = new Set(first.kept.map(({ stat }) => stat.ino));
    for (let tries = 0; readdirSync(place).length > 1 && tries < 500; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(readdirSync(place)).toHaveLength(1);
    expect((await unpack(files)).kept).toHaveLength(3);
    expect(inodes.size).toBe(3);
  });
});
