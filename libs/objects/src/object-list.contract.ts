import { InvalidKeyError } from './object-store';
import type { ObjectStore } from './object-store';
import { all, fill, keys } from './object-store-harness.contract';

/** The part of the contract that is about listing. */
export function describeListing(store: () => ObjectStore): void {
  describe('list', () => {
    it('gives every object with its size', async () => {
      await fill(store(), 'logs/1/000000', 'x');
      expect(await all(store().list(''))).toEqual([
        { key: 'logs/1/000000', sizeBytes: 13 },
        { key: 'x', sizeBytes: 1 },
      ]);
    });

    it('gives keys in the order of their bytes, across directories', async () => {
      const names = [
        'B',
        'a!',
        'a-b',
        'a.c',
        'a/!',
        'a/A',
        'a/b/c',
        'a/b0',
        'a0',
        'aB',
        'ab',
        'é',
        '\uFFE0',
        '\u{1F600}',
      ];
      await fill(store(), ...[...names].reverse());
      expect(await keys(store().list(''))).toEqual(names);
    });

    it('keeps to a prefix, whole or cut anywhere', async () => {
      await fill(store(), 'runs/1/a', 'runs/1/b', 'runs/10/a', 'runs/2', 'run', 'runs-old/1', 'other');
      expect(await keys(store().list('runs/1/'))).toEqual(['runs/1/a', 'runs/1/b']);
      expect(await keys(store().list('runs/1'))).toEqual(['runs/1/a', 'runs/1/b', 'runs/10/a']);
      expect(await keys(store().list('runs'))).toEqual(['runs-old/1', 'runs/1/a', 'runs/1/b', 'runs/10/a', 'runs/2']);
      expect(await keys(store().list('runs/2'))).toEqual(['runs/2']);
      expect(await keys(store().list('nothing/'))).toEqual([]);
      expect(await keys(store().list('runs/2/'))).toEqual([]);
    });

    it.each([
      ['an object', 'a/b', ['a/c/d', 'a/e', 'b']],
      ['a place where no object is', 'a/bb', ['a/c/d', 'a/e', 'b']],
      ['a whole prefix', 'a/', ['a/b', 'a/c/d', 'a/e', 'b']],
      ['an object deeper down', 'a/c/d', ['a/e', 'b']],
      ['the last object', 'b', []],
    ])('goes on behind %s', async (_what, after, expected) => {
      await fill(store(), 'a/b', 'a/c/d', 'a/e', 'b');
      expect(await keys(store().list('', { after }))).toEqual(expected);
    });

    it('goes on behind an object within a prefix, also when that lies before or behind it all', async () => {
      await fill(store(), 'a/1', 'a/2', 'a/3', 'b/1');
      expect(await keys(store().list('a/', { after: 'a/1' }))).toEqual(['a/2', 'a/3']);
      expect(await keys(store().list('b/', { after: 'a/1' }))).toEqual(['b/1']);
      expect(await keys(store().list('a/', { after: 'b/1' }))).toEqual([]);
    });

    it('gives more objects than fit in one answer of a server', async () => {
      const names = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(6, '0')}`);
      for (let at = 0; at < names.length; at += 50) await fill(store(), ...names.slice(at, at + 50));
      expect(await keys(store().list('many/'))).toEqual(names);
      expect(await store().listSegments('many/')).toHaveLength(names.length);
    });

    it('may be left early', async () => {
      await fill(store(), 'a/1', 'a/2', 'b/1');
      for await (const { key } of store().list('')) {
        expect(key).toBe('a/1');
        break;
      }
    });
  });

  describe('list segments', () => {
    it('gives what lies directly below a prefix, directories ending in a slash', async () => {
      await fill(store(), 'a/b/c', 'a/b/d', 'a/d', 'a/e/f/g', 'ab/x');
      expect(await store().listSegments('a/')).toEqual(['b/', 'd', 'e/']);
      expect(await store().listSegments('')).toEqual(['a/', 'ab/']);
      expect(await store().listSegments('a/e/')).toEqual(['f/']);
      expect(await store().listSegments('z/')).toEqual([]);
    });

    it('gives them in the order of their bytes', async () => {
      await fill(store(), 'a/x', 'a-b', 'a0', 'a!/y', 'B');
      expect(await store().listSegments('')).toEqual(['B', 'a!/', 'a-b', 'a/', 'a0']);
    });

    it('forgets a segment with the last object below it', async () => {
      await fill(store(), 'open/watcher/1', 'open/builder/1');
      await store().delete('open/watcher/1');
      expect(await store().listSegments('open/')).toEqual(['builder/']);
      await store().delete('open/builder/1');
      expect(await store().listSegments('')).toEqual([]);
    });

    it('wants a whole prefix', async () => {
      await expect(store().listSegments('a')).rejects.toThrow(InvalidKeyError);
    });
  });
}
