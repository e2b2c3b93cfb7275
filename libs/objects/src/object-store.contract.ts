import { describeKeys } from './object-key.contract';
import { describeListing } from './object-list.contract';
import type { ObjectStore } from './object-store';
import { fill, keys, some, text } from './object-store-harness.contract';

const noise = (sizeBytes: number, seed: number) => Buffer.alloc(sizeBytes, 1).map((_, at) => (at * 31 + seed) & 0xff);

/**
 * What every object store must do. Keys that S3-compatible servers on a file system cannot hold (an object `a` beside `a/b`,
 * segments above 255 bytes) are left to the adapters' own tests.
 * @param makeStore gives a new, empty store to every test
 */
export function describeObjectStore(name: string, makeStore: () => Promise<ObjectStore>): void {
  describe(`${name} as an object store`, () => {
    let store: ObjectStore;
    beforeEach(async () => {
      store = await makeStore();
    });

    describe('put and get', () => {
      it('gives back the very bytes', async () => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
        expect(await store.put('runs/1/begin.json', bytes)).toBe('written');
        expect(Buffer.compare((await store.get('runs/1/begin.json'))!, bytes)).toBe(0);
      });

      it('keeps an object without bytes', async () => {
        await store.put('a/empty', new Uint8Array());
        expect((await store.get('a/empty'))?.byteLength).toBe(0);
        expect(await store.head('a/empty')).toEqual({ key: 'a/empty', sizeBytes: 0 });
      });

      it('keeps an object of 8 MiB', async () => {
        const bytes = noise(8 * 1024 * 1024, 3);
        await store.put('large', bytes);
        expect(Buffer.compare((await store.get('large'))!, bytes)).toBe(0);
      });

      it('takes only the part of memory it is given, and lets go of it', async () => {
        const memory = some('..content..');
        await store.put('part', memory.subarray(2, 9));
        memory.fill(0);
        expect(text(await store.get('part'))).toBe('content');
      });

      it('replaces what was there, also by less', async () => {
        await store.put('a', some('the first'));
        expect(await store.put('a', some('2nd'))).toBe('written');
        expect(text(await store.get('a'))).toBe('2nd');
      });

      it('knows nothing of an object that was never put', async () => {
        await store.put('a/b/c', some('x'));
        for (const key of ['a/b/d', 'a/b', 'a', 'z/z']) {
          expect(await store.get(key)).toBeUndefined();
          expect(await store.get(key, { first: 0, last: 9 })).toBeUndefined();
          expect(await store.head(key)).toBeUndefined();
        }
      });

      it('shows a reader either the old or the new object, whole', async () => {
        const versions = [noise(200_000, 1), noise(300_000, 2)];
        await store.put('a/b', versions[0]!);
        let writing = true;
        const writes = (async () => {
          for (let round = 0; round < 10; round += 1) await store.put('a/b', versions[round % 2]!);
          writing = false;
        })();
        while (writing) {
          const seen = (await store.get('a/b'))!;
          expect(versions.some((version) => Buffer.compare(version, seen) === 0)).toBe(true);
        }
        await writes;
      });
    });

    describe('put if absent', () => {
      it('lets the first writer win, and says so to the second', async () => {
        expect(await store.put('a/b', some('first'), { ifAbsent: true })).toBe('written');
        expect(await store.put('a/b', some('second'), { ifAbsent: true })).toBe('exists');
        expect(text(await store.get('a/b'))).toBe('first');
      });

      it('has one winner among many writers at once', async () => {
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, writer) => store.put('race', some(`writer ${writer}`), { ifAbsent: true })),
        );
        expect(results.filter((result) => result === 'written')).toHaveLength(1);
        expect(text(await store.get('race'))).toBe(`writer ${results.indexOf('written')}`);
      });

      it('writes again where an object was deleted', async () => {
        await store.put('a/b', some('first'));
        await store.delete('a/b');
        expect(await store.put('a/b', some('second'), { ifAbsent: true })).toBe('written');
        expect(text(await store.get('a/b'))).toBe('second');
      });
    });

    describe('a range', () => {
      it.each([
        ['the beginning', { first: 0, last: 3 }, '0123'],
        ['the middle', { first: 4, last: 4 }, '4'],
        ['from a place to the end', { first: 7 }, '789'],
        ['across the end', { first: 8, last: 20 }, '89'],
        ['the last byte', { first: 9, last: 9 }, '9'],
        ['at the end', { first: 10 }, ''],
        ['behind the end', { first: 99, last: 100 }, ''],
      ])('gives %s', async (_where, range, expected) => {
        await store.put('digits', some('0123456789'));
        expect(text(await store.get('digits', range))).toBe(expected);
      });

      it('of an object without bytes is empty', async () => {
        await store.put('empty', new Uint8Array());
        expect(text(await store.get('empty', { first: 0 }))).toBe('');
      });
    });

    it('tells the size of an object', async () => {
      await store.put('a/b', noise(12_345, 0));
      expect(await store.head('a/b')).toEqual({ key: 'a/b', sizeBytes: 12_345 });
    });

    describe('delete', () => {
      it('removes that object and no other', async () => {
        await fill(store, 'a/b', 'a/bc', 'a/d');
        await store.delete('a/b');
        expect(await store.get('a/b')).toBeUndefined();
        expect(await keys(store.list(''))).toEqual(['a/bc', 'a/d']);
      });

      it('is content when there is none', async () => {
        await fill(store, 'a/b/c');
        await store.delete('a/b');
        await store.delete('x/y/z');
        await store.delete('a/b/c');
        await store.delete('a/b/c');
        expect(await keys(store.list(''))).toEqual([]);
      });

      it('never takes along what is put beside it at the same time', async () => {
        for (let round = 0; round < 20; round += 1) {
          await store.put('open/a/b/old', some('old'));
          await Promise.all([
            store.delete('open/a/b/old'),
            store.put('open/a/b/new', some('new'), { ifAbsent: round % 2 === 0 }),
          ]);
          expect(await keys(store.list(''))).toEqual(['open/a/b/new']);
          await store.delete('open/a/b/new');
        }
      });
    });

    describeListing(() => store);
    describeKeys(() => store);
  });
}
