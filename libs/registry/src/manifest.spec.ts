import { mediaTypeOf, parseManifest } from './manifest';
import { layerTypeFor, mediaTypes } from './media-types';
import { RegistryProtocolError, UnsupportedImageError } from './registry-errors';
import { digestOf } from './testing/sample-images';

const descriptor = { mediaType: mediaTypes.ociConfig, size: 2, digest: digestOf(Buffer.from('{}')) };
const image = { schemaVersion: 2, config: descriptor, layers: [descriptor] };

const content = (document: object, mediaType: string = mediaTypes.ociManifest) => {
  const bytes = Buffer.from(JSON.stringify(document));
  return { digest: digestOf(bytes), mediaType, bytes };
};

describe('a manifest', () => {
  it('is read as what its media type says', () => {
    expect(parseManifest(content(image))).toEqual({ kind: 'image', manifest: image });
    const index = { schemaVersion: 2, manifests: [{ ...descriptor, 'x.unknown': 1 }] };
    expect(parseManifest(content(index, mediaTypes.dockerIndex))).toEqual({ kind: 'index', index });
  });

  it('that can be read in two ways is refused', () => {
    const both = { ...image, manifests: [] };
    for (const type of [mediaTypes.ociManifest, mediaTypes.ociIndex]) {
      expect(() => parseManifest(content(both, type))).toThrow(RegistryProtocolError);
    }
    expect(() => parseManifest(content({ ...image, mediaType: mediaTypes.ociIndex }))).toThrow('in two ways');
  });

  it.each([
    ['no schema version', { ...image, schemaVersion: 1 }],
    ['a digest that is none', { ...image, config: { ...descriptor, digest: 'sha256:../../etc' } }],
    ['a negative size', { ...image, layers: [{ ...descriptor, size: -1 }] }],
    ['no configuration', { schemaVersion: 2, layers: [] }],
    ['too many layers', { ...image, layers: Array.from({ length: 1001 }, () => descriptor) }],
  ])('with %s is refused', (_, document) => {
    expect(() => parseManifest(content(document))).toThrow(RegistryProtocolError);
  });

  it('of a format long gone is refused with advice', () => {
    const old = content({}, 'application/vnd.docker.distribution.manifest.v1+prettyjws');
    expect(() => parseManifest(old)).toThrow(UnsupportedImageError);
    expect(() => parseManifest(old)).toThrow('push the image again');
  });

  it('tells its media type where the reply does not', () => {
    const bytes = (document: object) => Buffer.from(JSON.stringify(document));
    expect(mediaTypeOf(bytes(image), `${mediaTypes.dockerManifest}; charset=utf-8`, '')).toBe(
      mediaTypes.dockerManifest,
    );
    expect(mediaTypeOf(bytes({ mediaType: mediaTypes.dockerIndex }), 'application/json', '')).toBe(
      mediaTypes.dockerIndex,
    );
    expect(mediaTypeOf(bytes(image), undefined, '')).toBe(mediaTypes.ociManifest);
    expect(mediaTypeOf(bytes({ manifests: [] }), undefined, '')).toBe(mediaTypes.ociIndex);
  });
});

describe("a layer's media type", () => {
  it.each([
    [mediaTypes.dockerManifest, `${mediaTypes.ociLayer}+gzip`, `${mediaTypes.dockerLayer}.gzip`],
    [mediaTypes.dockerManifest, `${mediaTypes.ociLayer}+zstd`, `${mediaTypes.dockerLayer}.zstd`],
    [mediaTypes.dockerManifest, mediaTypes.ociLayer, mediaTypes.dockerLayer],
    [mediaTypes.ociManifest, `${mediaTypes.dockerLayer}.gzip`, `${mediaTypes.ociLayer}+gzip`],
    [mediaTypes.ociManifest, 'application/x.other', 'application/x.other'],
  ])('in %s: %s becomes %s', (manifest, layer, expected) => {
    expect(layerTypeFor(manifest, layer)).toBe(expected);
  });
});
