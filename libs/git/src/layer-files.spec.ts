import { createHash } from 'node:crypto';
import path from 'node:path';
import { treeLayer } from './layer';
import { layerFiles } from './layer-files';
import { openRepository } from './repository';
import { TarError } from './tar-reader';
import { remove, temporaryDirectory, TestRepository } from './testing/test-repository';

process.env['GIT_CONFIG_GLOBAL'] = '/dev/null';
const sha256 = (text: string | Buffer) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('the files of a layer', () => {
  let root: string;
  beforeEach(() => {
    root = temporaryDirectory();
  });
  afterEach(() => remove(root));

  const large = Buffer.alloc(3_000_001, 'large');
  async function layer(codec: 'none' | 'gzip-1') {
    const work = TestRepository.create(path.join(root, 'work'));
    const commit = work.commit('first', {
      ...{ Dockerfile: 'FROM scratch\n', 'a/b': 'b', 'a/run': { executable: 'b' }, link: { link: 'a/b' }, large },
    });
    return treeLayer(await openRepository(work.path), commit, { prefix: '/opt/src', codec });
  }

  it.each(['none', 'gzip-1'] as const)(
    'are told by path and digest, texts where they are wanted (%s)',
    async (codec) => {
      const made = await layer(codec);
      const { digests, texts } = await layerFiles(made.open(), {
        prefix: '/opt/src',
        texts: ['Dockerfile', 'large', 'x'],
      });
      expect(Object.fromEntries(digests)).toEqual({
        Dockerfile: sha256('FROM scratch\n'),
        'a/b': sha256('b'),
        'a/run': sha256('executable\0b'),
        link: 'link:a/b',
        large: sha256(large),
      });
      expect([...texts]).toEqual([['Dockerfile', 'FROM scratch\n']]); // large is too large for a text
      await made.dispose();
    },
  );

  it('are not read beyond what is allowed', async () => {
    const made = await layer('none');
    await expect(layerFiles(made.open(), { prefix: '/opt/src', maxBytes: 1_000_000 })).rejects.toThrow(TarError);
    await made.dispose();
  });

  it('are given up when nobody wants them any more', async () => {
    const made = await layer('none');
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(layerFiles(made.open(), { prefix: '/opt/src', signal: stop.signal })).rejects.toThrow('enough');
    await made.dispose();
  });
});
