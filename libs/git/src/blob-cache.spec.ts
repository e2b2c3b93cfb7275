import { rmSync } from 'node:fs';
import path from 'node:path';
import { BlobCache } from './blob-cache';
import { treeLayer } from './layer';
import { openRepository } from './repository';
import { remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('contents that are known already', () => {
  let root: string;
  let work: TestRepository;
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n';
  const files = {
    'a/one': 'the first',
    'a/run': { executable: 'the first' },
    link: { link: 'the first' },
    large: pointer,
  };
  beforeEach(() => {
    root = temporaryDirectory();
    work = TestRepository.create(path.join(root, 'work'));
    work.commit('first', files);
  });
  afterEach(() => remove(root));

  const layerOf = async (cache?: BlobCache, maxBytes?: number) => {
    const options = { prefix: '/src', codec: 'none', cache, ...(maxBytes === undefined ? {} : { maxBytes }) } as const;
    const { digest, warnings, files: count } = await treeLayer(await openRepository(work.path), work.head(), options);
    return { digest, warnings, count };
  };
  const lose = (id: string) => rmSync(path.join(work.path, '.git/objects', id.slice(0, 2), id.slice(2)));

  it('make the same layer, with the same warnings', async () => {
    const plain = await layerOf();
    const cache = new BlobCache(1_000_000);
    expect([await layerOf(cache), await layerOf(cache)]).toEqual([plain, plain]);
    expect(plain.warnings).toEqual([expect.stringContaining('LFS')]);
    work.commit('second', { 'a/one': 'another', more: 'more' });
    expect(await layerOf(cache)).toEqual(await layerOf());
  });

  it('are not asked for again', async () => {
    const cache = new BlobCache(1_000_000);
    const { digest } = await layerOf(cache);
    lose(work.git('rev-parse', 'HEAD:large').trim());
    expect((await layerOf(cache)).digest).toBe(digest);
    await expect(layerOf()).rejects.toThrow(/large/);
  });

  it('count like all others', async () => {
    const cache = new BlobCache(1_000_000);
    await layerOf(cache);
    await expect(layerOf(cache, 20)).rejects.toThrow(/more than 20 bytes/);
  });

  it('are those of one repository, whatever another one says', async () => {
    const cache = new BlobCache(100);
    const [here, there] = [
      await openRepository(work.path),
      await openRepository(TestRepository.create(path.join(root, 'x')).path),
    ];
    cache.add(there, 'id', Buffer.from('forged'));
    expect(cache.get(here, 'id')).toBeUndefined();
    cache.add(here, 'id', Buffer.from('true'));
    expect([cache.get(here, 'id'), cache.get(there, 'id')].map(String)).toEqual(['true', 'forged']);
  });

  it('are those asked for last, as many as fit', async () => {
    const cache = new BlobCache(10);
    const here = await openRepository(work.path);
    const known = () => ['a', 'b', 'c'].filter((id) => cache.get(here, id) !== undefined);
    cache.add(here, 'a', Buffer.alloc(5));
    cache.add(here, 'b', Buffer.alloc(5));
    expect(cache.get(here, 'a')).toHaveLength(5);
    cache.add(here, 'c', Buffer.alloc(4));
    expect(known()).toEqual(['a', 'c']);
    cache.add(here, 'b', Buffer.alloc(11));
    expect(known()).toEqual(['a', 'c']);
    cache.add(here, 'b', Buffer.alloc(10));
    expect(known()).toEqual(['b']);
  });
});
