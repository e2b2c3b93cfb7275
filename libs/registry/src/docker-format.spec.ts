import { suiteUnless } from '@keelson/testbed';
import { copyInDockerFormat } from './docker-format';
import { parseManifest } from './manifest';
import { mediaTypes } from './media-types';
import { UnsupportedImageError } from './registry-errors';
import { AppendSetup, baseLayers } from './testing/append-setup';
import { whyNoRegistry } from './testing/private-registry';
import { layerOf, pushImage } from './testing/sample-images';

suiteUnless(whyNoRegistry())("a copy in Docker's format", () => {
  const { signal } = new AbortController();
  let setup: AppendSetup;
  beforeAll(async () => {
    setup = await AppendSetup.start();
  });
  beforeEach(() => setup.renew());
  afterAll(() => setup.close());

  it('of an OCI image has the same blobs, by mounts alone, under a manifest that old clients read', async () => {
    const [from, to] = [setup.image('base/oci:1'), setup.image('bases/docker-1:1')];
    const digest = await copyInDockerFormat(setup.client, { from, to }, signal);
    expect(setup.methods()).toBe(`GET ${'POST '.repeat(13)}PUT`);
    // As Docker before OCI asks.
    const url = `http://${setup.proxy.address}/v2/bases/docker-1/manifests/1`;
    const reply = await fetch(url, { headers: { accept: mediaTypes.dockerManifest } });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, mediaTypes.dockerManifest]);
    expect(reply.headers.get('docker-content-digest')).toBe(digest);
    const copied = parseManifest(await setup.client.manifest(to, signal));
    const original = parseManifest(await setup.client.manifest(from, signal));
    if (copied.kind === 'index' || original.kind === 'index') throw new Error('these are no indexes');
    const typed = original.manifest.layers.map(({ digest: blob, size }) => ({
      ...{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', size, digest: blob },
    }));
    expect(copied.manifest.layers).toEqual(typed);
    expect(copied.manifest.config).toMatchObject({
      ...{ mediaType: mediaTypes.dockerConfig, digest: original.manifest.config.digest },
    });
    await setup.readAll(`${setup.proxy.address}/bases/docker-1:1`, baseLayers);
  });

  it.each(['none', 'zstd'])(
    'is not made of layers that such clients cannot unpack (%s): which one is said',
    async (codec) => {
      const layer = layerOf('a', 'b');
      const mediaType = codec === 'none' ? mediaTypes.ociLayer : `${mediaTypes.ociLayer}+zstd`;
      const from = setup.image(`base/${codec}:1`);
      await pushImage(setup.client, from, { layers: [{ ...layer, mediaType }] });
      const to = setup.image(`bases/${codec}:1`);
      const copying = copyInDockerFormat(setup.client, { from, to }, signal);
      await expect(copying).rejects.toThrow(UnsupportedImageError);
      await expect(copying).rejects.toThrow(layer.digest);
      expect(await setup.client.head(to, signal)).toBeUndefined();
    },
  );
});
