import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FilePool } from './file-pool';
import { stockLayer } from './stock-layer';
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

describe('files that are made in advance', () => {
  let root: string;
  let pool: FilePool;
  beforeEach(() => {
    root = temporaryDirectory();
    pool = new FilePool(path.join(root, 'spare'));
  });
  afterEach(() => remove(root));

  const { signal } = new AbortController();
  const stock = (files: Files) => stockLayer(archive(files), { pool, signal });
  const directory = () => path.join(root, 'spare', readdirSync(path.join(root, 'spare')).at(-1)!);
  const spares = () => readdirSync(directory()).map((name) => lstatSync(path.join(directory(), name)).ino);
  let copies = 0;
  async function unpack(files: Files) {
    const into = path.join(root, `copy${(copies += 1)}`);
    await unpackLayer(archive(files), { into, pool });
    const at = (name: string) => path.join(into, name);
    return {
      at,
      inode: (name: string) => lstatSync(at(name)).ino,
      text: (name: string) => readFileSync(at(name), 'utf8'),
    };
  }
  const files: Files = { 'a/one': 'the first', 'a/two*': 'the second', three: 'the third' };

  it('are what a copy is made of, but for what is new in it', async () => {
    await stock(files);
    const made = spares();
    expect(made).toHaveLength(3);
    const copy = await unpack({ ...files, three: 'another third' });
    const inodes = ['a/one', 'a/two', 'three'].map(copy.inode);
    expect(inodes.map((inode) => made.includes(inode))).toEqual([true, true, false]);
    expect(['a/one', 'a/two', 'three'].map(copy.text)).toEqual(['the first', 'the second', 'another third']);
    expect(lstatSync(copy.at('a/two')).mode & 0o111).not.toBe(0);
    expect(lstatSync(copy.at('a/one')).mode & 0o111).toBe(0);
    expect(lstatSync(copy.at('a/one')).mtimeMs).toBe(constantMtimeSeconds * 1000);
    expect(spares()).toHaveLength(1);
  });

  it('are handed out once: nobody had them before', async () => {
    await stock(files);
    const first = await unpack(files);
    writeFileSync(first.at('a/one'), 'spoilt');
    const second = await unpack(files);
    expect(second.text('a/one')).toBe('the first');
    expect(second.inode('a/one')).not.toBe(first.inode('a/one'));
  });

  it('are made again only as far as they are gone', async () => {
    await stock(files);
    const made = spares();
    await stock(files);
    expect(spares()).toEqual(made);
    await unpack({ three: 'the third' });
    await stock(files);
    expect(spares().filter((inode) => made.includes(inode))).toHaveLength(2);
    expect(spares()).toHaveLength(3);
  });

  it('are two where two have the same content', async () => {
    await stock({ one: 'same', two: 'same' });
    const made = spares().sort();
    const copy = await unpack({ one: 'same', two: 'same', three: 'same' });
    expect(['one', 'two'].map(copy.inode).sort()).toEqual(made);
    expect(copy.text('three')).toBe('same');
  });

  it('are others where the mode is another', async () => {
    await stock({ one: 'same' });
    const made = spares();
    const copy = await unpack({ 'one*': 'same' });
    expect(made).not.toContain(copy.inode('one'));
    expect(lstatSync(copy.at('one')).mode & 0o111).not.toBe(0);
  });

  it('are as many as there may be, those asked for last', async () => {
    pool = new FilePool(path.join(root, 'few'), { mostFiles: 2 });
    const few = path.join(root, 'few', readdirSync(path.join(root, 'few'))[0]!);
    const texts = () => readdirSync(few).map((name) => readFileSync(path.join(few, name), 'utf8'));
    await stock({ one: 'the first', two: 'the second' });
    await stock({ two: 'the second', three: 'the third' });
    expect(texts().sort()).toEqual(['the second', 'the third']);
    await stock({ ...files, four: 'the fourth', five: 'the fifth' });
    expect(texts().sort()).toEqual(['the first', 'the second']);
    pool = new FilePool(path.join(root, 'small'), { mostBytes: 10 });
    await stock({ one: 'a long one indeed', two: 'short' });
    expect((await unpack({ two: 'short' })).text('two')).toBe('short');
  });

  it('need not be there any more', async () => {
    await stock(files);
    rmSync(directory(), { recursive: true });
    expect((await unpack(files)).text('three')).toBe('the third');
  });

  it('are not waited for: who makes them stops on request', async () => {
    const stop = new AbortController();
    async function* endless(): AsyncIterable<Uint8Array> {
      yield* archive(files);
      stop.abort(new Error('enough'));
      for (;;) yield await Promise.resolve(Buffer.alloc(512, 'x'));
    }
    const source = (async function* () {
      for await (const chunk of endless()) if (chunk.some((byte) => byte !== 0)) yield chunk;
    })();
    await expect(stockLayer(source, { pool, signal: stop.signal })).rejects.toThrow('enough');
    expect((await unpack(files)).text('a/two')).toBe('the second');
  });

  it('are none of an earlier process', async () => {
    const place = path.join(root, 'spare');
    await stock(files);
    mkdirSync(path.join(place, 'something'));
    pool = new FilePool(place);
    while (readdirSync(place).length > 1) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(readdirSync(place)).toHaveLength(1);
    expect(spares()).toEqual([]);
    expect((await unpack(files)).text('a/one')).toBe('the first');
  });
});
