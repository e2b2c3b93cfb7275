import { assembleImage, scratchBase } from './assemble-image';
import type { BaseImage } from './assemble-image';
import { mediaTypes } from './media-types';
import { digestOf, layerOf } from './testing/sample-images';

const platform = { os: 'linux', architecture: 'amd64' };
const layer = layerOf('src.txt', 'source', 'gzip');
const created = '2020-01-02T03:04:05Z';

type Document = {
  config: { Env: string[]; Labels: Record<string, string>; WorkingDir?: string };
  history?: object[];
  layers: { mediaType: string; digest: string }[];
  annotations?: Record<string, string>;
};

const parse = (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()) as Document & Record<string, unknown>;

const base = (changes: Partial<BaseImage> & { history?: object[] | null } = {}): BaseImage => {
  const below = layerOf('base.txt', 'base');
  const { history = [{ created_by: 'RUN x' }, { created_by: 'ENV', empty_layer: true }], ...rest } = changes;
  return {
    mediaType: mediaTypes.ociManifest,
    layers: [{ mediaType: 'application/x.kept', size: 3, digest: below.digest, annotations: { kept: 'yes' } }],
    config: {
      ...platform,
      'os.features': ['kept'],
      config: {
        Env: ['PATH=/bin', 'B=base', 'EMPTY='],
        WorkingDir: '/base',
        Labels: { 'registry.repo': 'kept', 'org.opencontainers.image.version': 'of the base' },
        Entrypoint: ['/kept'],
      },
      rootfs: { type: 'layers', diff_ids: [below.diffId] },
      history: history as { empty_layer?: boolean }[] | null,
    },
    origin: { name: 'a.b/base:1', digest: below.digest, namedDigest: below.digest },
    ...rest,
  };
};

describe('an image with a layer on top', () => {
  it('is the base with one more layer, and everything else of the base kept', () => {
    const { manifest, config } = assembleImage(base(), [layer], { created, workdir: '/src' });
    const document = parse(manifest.bytes);
    expect(document.layers).toEqual([
      base().layers[0],
      { mediaType: `${mediaTypes.ociLayer}+gzip`, size: layer.sizeBytes, digest: layer.digest },
    ]);
    const configured = parse(config.bytes);
    expect(configured).toMatchObject({
      'os.features': ['kept'],
      created,
      config: { Entrypoint: ['/kept'], WorkingDir: '/src' },
      rootfs: { type: 'layers', diff_ids: [...(base().config.rootfs.diff_ids ?? []), layer.diffId] },
      history: [{ created_by: 'RUN x' }, { empty_layer: true }, { created, created_by: 'keelson append' }],
    });
    expect(manifest.digest).toBe(digestOf(manifest.bytes));
    expect(document.config).toEqual({
      ...{ mediaType: mediaTypes.ociConfig, size: config.bytes.byteLength, digest: digestOf(config.bytes) },
    });
  });

  it('has the same bytes for the same input, in whatever order it comes', () => {
    const one = { created, env: { A: '1', Z: '2' }, labels: { x: '1', y: '2' }, annotations: { p: '1', q: '2' } };
    const other = { annotations: { q: '2', p: '1' }, labels: { y: '2', x: '1' }, env: { Z: '2', A: '1' }, created };
    expect(assembleImage(base(), [layer], one)).toEqual(assembleImage(base(), [layer], other));
    expect(assembleImage(base(), [layer], { ...one, created: '2021-01-01T00:00:00Z' }).manifest.digest).not.toBe(
      assembleImage(base(), [layer], one).manifest.digest,
    );
  });

  it('changes the environment in its place and adds what is new', () => {
    const { config } = assembleImage(base(), [], { created, env: { B: 'x=y', EMPTY: '', NEW: '1' } });
    expect(parse(config.bytes).config.Env).toEqual(['PATH=/bin', 'B=x=y', 'EMPTY=', 'NEW=1']);
  });

  it('says where it comes from and what it stands on, and nothing that was said of the base', () => {
    const labels = { 'org.opencontainers.image.revision': 'abc', own: 'label' };
    const { manifest, config } = assembleImage(base(), [layer], { created, labels, annotations: { more: '1' } });
    const standard = {
      'org.opencontainers.image.base.digest': base().origin?.digest,
      'org.opencontainers.image.base.name': 'a.b/base:1',
      'org.opencontainers.image.created': created,
      'org.opencontainers.image.revision': 'abc',
    };
    expect(parse(config.bytes).config.Labels).toEqual({ ...standard, own: 'label', 'registry.repo': 'kept' });
    expect(parse(manifest.bytes).annotations).toEqual({ ...standard, more: '1' });
  });

  it("stays in Docker's format on a base in Docker's format, which has no annotations", () => {
    const docker = base({ mediaType: mediaTypes.dockerManifest });
    const { manifest } = assembleImage(docker, [layer, layerOf('b', 'b')], { created, annotations: { more: '1' } });
    const document = parse(manifest.bytes);
    expect(manifest.mediaType).toBe(mediaTypes.dockerManifest);
    expect(document).toMatchObject({
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerConfig },
    });
    expect(document.layers.slice(1).map(({ mediaType }) => mediaType)).toEqual([
      `${mediaTypes.dockerLayer}.gzip`,
      mediaTypes.dockerLayer,
    ]);
    expect(document.annotations).toBeUndefined();
  });

  it('continues no history that does not tell of every layer', () => {
    for (const history of [null, [], [{ created_by: 'ENV', empty_layer: true }]]) {
      const { config } = assembleImage(base({ history }), [layer], { created });
      expect(parse(config.bytes).history).toBeUndefined();
    }
  });

  it('on scratch is for the given platform and names no base', () => {
    const { manifest, config } = assembleImage(scratchBase({ ...platform, variant: 'v9' }), [layer], { created });
    expect(parse(config.bytes)).toMatchObject({ ...platform, variant: 'v9', rootfs: { diff_ids: [layer.diffId] } });
    expect(parse(config.bytes).history).toHaveLength(1);
    expect(parse(manifest.bytes).annotations).toEqual({ 'org.opencontainers.image.created': created });
  });
});
