import path from 'node:path';
import { treeLayer } from './layer';
import type { LayerOptions, TreeLayer } from './layer';
import { openRepository } from './repository';
import { remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';

describe('a hostile tree', () => {
  let root: string;
  let work: TestRepository;

  beforeAll(() => {
    root = temporaryDirectory();
    work = TestRepository.create(path.join(root, 'work'));
  });
  afterAll(() => remove(root));

  const layerOf = async (id: string, options: Partial<LayerOptions> = {}): Promise<TreeLayer> =>
    treeLayer(await openRepository(work.path), id, { prefix: '/src', codec: 'none', ...options });

  describe('is refused', () => {
    const file = { mode: '100644', name: 'a' };
    const hostile: readonly [string, (id: string) => { mode: string; name: string | Buffer; id: string }[], RegExp][] =
      [
        ['with ..', (id) => [{ ...file, name: '..', id }], /directory above.*\.\./],
        ['with .', (id) => [{ ...file, name: '.', id }], /directory above/],
        ['with .git', (id) => [{ ...file, name: '.git', id }], /git directory: "\.git"/],
        ['with .GIT', (id) => [{ ...file, name: '.GIT', id }], /git directory/],
        [
          'with a slash in a name',
          (id) => [{ ...file, name: 'a/../../b', id }],
          /slash in its name: "a\/\.\.\/\.\.\/b"/,
        ],
        ['with an absolute name', (id) => [{ ...file, name: '/etc/passwd', id }], /slash/],
        ['with an empty name', (id) => [{ ...file, name: '', id }], /without a name/],
        [
          'with an entry twice',
          (id) => [
            { ...file, id },
            { ...file, id },
          ],
          /"a" twice/,
        ],
        ['with an unknown mode', (id) => [{ mode: '10777', name: 'a', id }], /unknown mode/],
        ['with a name of 256 bytes', (id) => [{ ...file, name: 'n'.repeat(256), id }], /255 bytes/],
      ];
    it.each(hostile)('%s', async (_name, entries, words) => {
      const id = work.object('blob', Buffer.from('x'));
      const made = layerOf(work.tree(entries(id)));
      await expect(made).rejects.toMatchObject({ code: 'hostile-tree' });
      await expect(made).rejects.toThrow(words);
    });

    it('with hostile names further down', async () => {
      const id = work.object('blob', Buffer.from('x'));
      const inner = work.tree([{ ...file, name: '..', id }]);
      const outer = work.tree([{ mode: '40000', name: 'dir', id: inner }]);
      await expect(layerOf(outer)).rejects.toThrow(/"dir\/\.\."/);
    });

    it('with symbolic links that no system allows', async () => {
      for (const target of [Buffer.alloc(0), Buffer.from('a\0b'), Buffer.alloc(5000, 'a')]) {
        const tree = work.tree([{ mode: '120000', name: 'link', id: work.object('blob', target) }]);
        await expect(layerOf(tree)).rejects.toMatchObject({ code: 'hostile-tree' });
      }
    });

    it('when a few trees stand for billions of files', async () => {
      let tree = work.tree([{ ...file, id: work.object('blob', Buffer.from('x')) }]);
      for (let level = 0; level < 10; level += 1) {
        tree = work.tree(Array.from({ length: 10 }, (_, index) => ({ mode: '40000', name: `d${index}`, id: tree })));
      }
      await expect(layerOf(tree, { maxEntries: 50_000 })).rejects.toMatchObject({ code: 'tree-too-large' });
    });

    it('when the files are larger than allowed', async () => {
      const commit = work.commit('large', { large: Buffer.alloc(10_000) });
      await expect(layerOf(commit, { maxBytes: 5_000 })).rejects.toMatchObject({ code: 'tree-too-large' });
    });

    it('when the tree object is cut short', async () => {
      const tree = work.object('tree', Buffer.from('100644 a\0short'));
      await expect(layerOf(tree)).rejects.toMatchObject({ code: 'hostile-tree' });
    });
  });
});
