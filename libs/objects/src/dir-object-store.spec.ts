import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DirObjectStore } from './dir-object-store';
import { ObjectStoreError } from './object-store';
import { describeObjectStore } from './object-store.contract';
import { keys } from './object-store-harness.contract';

let base: string;
let count = 0;
beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'keelson-objects-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

const freshRoot = () => path.join(base, `store-${(count += 1)}`);
const bytes = Buffer.from('content');

describeObjectStore('a directory', () => DirObjectStore.open(freshRoot()));

describe('DirObjectStore', () => {
  let root: string;
  let store: DirObjectStore;
  beforeEach(async () => {
    root = freshRoot();
    store = await DirObjectStore.open(root);
  });

  it('finds everything again when opened anew', async () => {
    await store.put('runs/1/plan.json', bytes);
    const again = await DirObjectStore.open(root);
    expect(await again.put('runs/1/plan.json', Buffer.from('other'), { ifAbsent: true })).toBe('exists');
    expect(Buffer.from((await again.get('runs/1/plan.json'))!).toString()).toBe('content');
  });

  it('keeps an object beside objects below it', async () => {
    await store.put('a', Buffer.from('1'));
    await store.put('a/b', Buffer.from('2'));
    await store.put('a/b/c', Buffer.from('3'));
    expect(await keys(store.list(''))).toEqual(['a', 'a/b', 'a/b/c']);
    expect(await store.listSegments('')).toEqual(['a', 'a/']);
    await store.delete('a/b');
    expect(await keys(store.list(''))).toEqual(['a', 'a/b/c']);
    expect(await store.listSegments('a/')).toEqual(['b/']);
  });

  it('keeps segments longer than a file name can be, in their order', async () => {
    const long = 'x'.repeat(600);
    const names = [
      'x'.repeat(240),
      `${'x'.repeat(240)}!`,
      `${'x'.repeat(240)}/y`,
      `${'x'.repeat(240)}0`,
      long,
      `${long}/${'Y'.repeat(300)}`,
      `${long}é`,
      '\u{1F600}'.repeat(200),
    ];
    for (const key of [...names].reverse()) await store.put(key, Buffer.from(key));
    expect(await keys(store.list(''))).toEqual(names);
    for (const key of names) expect(Buffer.from((await store.get(key))!).toString()).toBe(key);
    expect(await store.listSegments(`${long}/`)).toEqual(['Y'.repeat(300)]);
    for (const key of names) await store.delete(key);
    expect(await readdir(root)).toEqual(['.tmp']);
  });

  it('tells keys apart that its escapes could confuse', async () => {
    const names = ['+', '++', '+.a', '+_', '+_/+', '+a', '+a+', '+a+/+', '.a', '.tmp', '.tmp/x', 'A', 'a+_/b', 'a/b'];
    for (const key of names) await store.put(key, Buffer.from(key));
    expect(await keys(store.list(''))).toEqual(names);
    for (const key of names) expect(Buffer.from((await store.get(key))!).toString()).toBe(key);
  });

  it('leaves no directory and no temporary file behind', async () => {
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.put(`a/${index % 3}/b/${index}`, bytes)));
    await store.put('a/0/b/0', bytes, { ifAbsent: true });
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.delete(`a/${index % 3}/b/${index}`)));
    expect(await readdir(root)).toEqual(['.tmp']);
    expect(await readdir(path.join(root, '.tmp'))).toEqual([]);
  });

  it('removes at its start what an earlier process left half written, and nothing younger', async () => {
    const [old, young] = ['99999-dead-1', '99999-live-1'].map((name) => path.join(root, '.tmp', name));
    await Promise.all([writeFile(old!, 'half'), writeFile(young!, 'half')]);
    await utimes(old!, 1_000_000_000, 1_000_000_000);
    await DirObjectStore.open(root);
    expect(await readdir(path.join(root, '.tmp'))).toEqual(['99999-live-1']);
  });

  it('does not show what is not its own, nor a directory a crash left empty', async () => {
    await store.put('a/b', bytes);
    await writeFile(path.join(root, '.gitignore'), '*');
    await writeFile(path.join(root, 'README'), 'upper case is escaped, so this is no object');
    await mkdir(path.join(root, 'a+', 'empty+', 'deeper+'), { recursive: true });
    expect(await keys(store.list(''))).toEqual(['a/b']);
    expect(await store.listSegments('')).toEqual(['a/']);
    expect(await store.listSegments('a/')).toEqual(['b']);
  });

  it('never writes or deletes through a symbolic link', async () => {
    const outside = freshRoot();
    await mkdir(outside);
    await writeFile(path.join(outside, 'b'), 'precious');
    await symlink(outside, path.join(root, 'a+'));
    await symlink(path.join(outside, 'b'), path.join(root, 'file'));
    for (const ifAbsent of [true, false]) {
      await expect(store.put('a/b', bytes, { ifAbsent })).rejects.toMatchObject({
        code: 'object-store',
        transient: false,
      });
      await expect(store.put('a/c/d', bytes, { ifAbsent })).rejects.toThrow(/remove it/);
    }
    await expect(store.delete('a/b')).rejects.toThrow(ObjectStoreError);
    await expect(store.get('file')).rejects.toThrow(/symbolic link/);
    expect(await keys(store.list(''))).toEqual([]);
    await store.put('file', bytes);
    expect(await readdir(outside)).toEqual(['b']);
    expect(await readFile(path.join(outside, 'b'), 'utf8')).toBe('precious');
  });

  it('refuses a temporary directory that leads elsewhere', async () => {
    const other = freshRoot();
    await mkdir(other);
    await symlink(tmpdir(), path.join(other, '.tmp'));
    await expect(DirObjectStore.open(other)).rejects.toThrow(/symbolic link/);
  });

  it('may have a symbolic link as its root', async () => {
    const link = freshRoot();
    await symlink(root, link);
    await (await DirObjectStore.open(link)).put('a/b', bytes);
    expect(await keys(store.list(''))).toEqual(['a/b']);
  });

  it('keeps objects from other users of the machine', async () => {
    await store.put('a/b', bytes);
    expect((await stat(path.join(root, 'a+'))).mode & 0o077).toBe(0);
    expect((await stat(path.join(root, 'a+', 'b'))).mode & 0o077).toBe(0);
  });

  it('makes directories again that another process removed', async () => {
    await store.put('a/b/c', bytes);
    await (await DirObjectStore.open(root)).delete('a/b/c');
    expect(await store.put('a/b/d', bytes)).toBe('written');
    expect(await keys(store.list(''))).toEqual(['a/b/d']);
  });

  it('loses no put beside deletes that keep removing its directories', async () => {
    const writer = async (id: number) => {
      for (let round = 0; round < 40; round += 1) {
        const key = `open/${round % 3}/x/${id}`;
        expect(await store.put(key, bytes, { ifAbsent: true })).toBe('written');
        expect(await store.head(key)).toBeDefined();
        await store.delete(key);
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, id) => writer(id)));
    expect(await readdir(root)).toEqual(['.tmp']);
  });

  it('says which key failed, and what to do, when its directory is gone', async () => {
    await rm(root, { recursive: true });
    const put = store.put('runs/1/plan.json', bytes);
    await expect(put).rejects.toMatchObject({ code: 'object-store', transient: true });
    await expect(put).rejects.toThrow(/runs\/1\/plan\.json.*gone/);
    expect(await store.get('runs/1/plan.json')).toBeUndefined();
  });

  it('refuses a range that is none', async () => {
    await store.put('a', bytes);
    for (const range of [{ first: -1 }, { first: 3, last: 2 }, { first: 0.5 }]) {
      await expect(store.get('a', range)).rejects.toThrow(RangeError);
    }
  });
});
