import { spawnSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { smallDisk, suiteWhere } from '@keelson/testbed';
import { DirObjectStore } from './dir-object-store';
import { ObjectStoreError } from './object-store';
import { keys } from './object-store-harness.contract';

const { directory: disk, missing, remove } = smallDisk('1m');
afterAll(remove);

suiteWhere(missing)('DirObjectStore on a full disk', () => {
  it('says so, keeps what is there, and goes on when there is space again', async () => {
    const store = await DirObjectStore.open(path.join(disk, 'objects'));
    const quarter = Buffer.alloc(256 * 1024, 7);
    await store.put('a/1', quarter);
    await store.put('a/2', quarter);
    for (const options of [{}, { ifAbsent: true }]) {
      const put = store.put('b/large', Buffer.alloc(900_000), options);
      await expect(put).rejects.toMatchObject({ code: 'object-store', transient: true });
      await expect(put).rejects.toThrow(/b\/large.*ENOSPC.*free some space/);
    }
    await expect(store.put('a/1', Buffer.alloc(900_000))).rejects.toThrow(ObjectStoreError);
    expect(await keys(store.list(''))).toEqual(['a/1', 'a/2']);
    expect(quarter.equals((await store.get('a/1'))!)).toBe(true);
    expect(await readdir(path.join(disk, 'objects', '.tmp'))).toEqual([]);
    expect(await store.put('a/1', Buffer.alloc(900_000), { ifAbsent: true })).toBe('exists');
    await store.delete('a/1');
    expect(await store.put('b/large', Buffer.alloc(500_000))).toBe('written');
  });

  it('tells a file system that became read-only from one that is full', async () => {
    const store = await DirObjectStore.open(path.join(disk, 'read-only'));
    await store.put('a/b', Buffer.from('content'));
    expect(spawnSync('mount', ['-o', 'remount,ro', disk]).status).toBe(0);
    for (const change of [
      store.put('a/c', Buffer.from('x')),
      store.put('d/e', Buffer.from('x')),
      store.delete('a/b'),
    ]) {
      await expect(change).rejects.toMatchObject({
        transient: false,
        message: expect.stringMatching(/EROFS.*read-only/),
      });
    }
    expect(Buffer.from((await store.get('a/b'))!).toString()).toBe('content');
  });
});
