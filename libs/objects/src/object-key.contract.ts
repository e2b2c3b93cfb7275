import { InvalidKeyError } from './object-store';
import type { ObjectStore } from './object-store';
import { fill, keys, some, text } from './object-store-harness.contract';

/** The part of the contract that is about keys and prefixes. */
export function describeKeys(store: () => ObjectStore): void {
  describe('a key', () => {
    it.each([
      '%2Fsrv%2Fwidget',
      '%2Ehidden',
      '.hidden',
      'a b',
      'a+b',
      "!~*'()",
      'UPPER',
      'a..b',
      '...',
      'ümläut',
      '\u{1F600}',
    ])('may have the segment %s', async (segment) => {
      await store().put(`a/${segment}/c`, some('x'));
      await store().put(`b/${segment}`, some('y'));
      expect(await keys(store().list(''))).toEqual([`a/${segment}/c`, `b/${segment}`]);
      expect(await store().listSegments('a/')).toEqual([`${segment}/`]);
      expect(text(await store().get(`b/${segment}`))).toBe('y');
    });

    it('tells upper from lower case', async () => {
      await fill(store(), 'tags/V1', 'tags/v1', 'Tags/v1');
      expect(text(await store().get('tags/V1'))).toBe('tags/V1');
      expect(await keys(store().list(''))).toEqual(['Tags/v1', 'tags/V1', 'tags/v1']);
    });

    it('may have 1,024 bytes, not one more', async () => {
      const long = `${'x'.repeat(127)}/`.repeat(8).slice(0, 1_023);
      await store().put(`${long}é`.slice(1), some('x'));
      expect(await keys(store().list(''))).toEqual([`${long}é`.slice(1)]);
      await expect(store().put(`${long}é`, some('x'))).rejects.toThrow(InvalidKeyError);
    });

    const refused = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      'a/..',
      'a\\b',
      'a\0b',
      'a\nb',
      'a\x7fb',
      '\ud800',
    ];
    it.each(refused.map((key) => [JSON.stringify(key), key]))('must not be %s', async (_shown, key) => {
      await expect(store().put(key, some('x'))).rejects.toThrow(InvalidKeyError);
      await expect(store().put(key, some('x'), { ifAbsent: true })).rejects.toThrow(InvalidKeyError);
      await expect(store().get(key)).rejects.toThrow(InvalidKeyError);
      await expect(store().head(key)).rejects.toThrow(InvalidKeyError);
      await expect(store().delete(key)).rejects.toThrow(InvalidKeyError);
      expect(await keys(store().list(''))).toEqual([]);
    });

    const refusedPrefixes = ['/', '/a', 'a//', 'a//b', '..', '../', 'a/../b', 'a/./', 'a\\', 'a\0'];
    it.each(refusedPrefixes.map((prefix) => [JSON.stringify(prefix), prefix]))(
      'must not begin with %s',
      async (_shown, prefix) => {
        await expect(keys(store().list(prefix))).rejects.toThrow(InvalidKeyError);
        await expect(keys(store().list('', { after: prefix }))).rejects.toThrow(InvalidKeyError);
        await expect(store().listSegments(prefix)).rejects.toThrow(InvalidKeyError);
      },
    );
  });
}
