import { suiteUnless } from '@keelson/testbed';
import { imageConfig } from './image-config';
import { formatImageReference } from './image-reference';
import { mediaTypes } from './media-types';
import { RegistryClient } from './registry-client';
import { PlatformNotFoundError } from './registry-errors';
import { amd64, baseLayers, source, AppendSetup } from './testing/append-setup';
import { whyNoRegistry } from './testing/private-registry';
import { rejectionOf } from './testing/rejection';
import { layerOf, pushImage, pushIndex } from './testing/sample-images';

suiteUnless(whyNoRegistry())('append', () => {
  const { signal } = new AbortController();
  let setup: AppendSetup;

  beforeAll(async () => {
    setup = await AppendSetup.start();
  });

  beforeEach(() => setup.renew());

  afterAll(() => setup.close());

  it('puts the layer on top of the base by mounts alone, and counts what it took', async () => {
    const made = await setup.append('mounted');
    expect(made).toMatchObject({ mediaType: mediaTypes.ociManifest, requests: 18 });
    expect(made.reference).toBe(`${setup.proxy.address}/mounted@${made.digest}`);
    // Base manifest and configuration; 13 mounts; the new configuration in two steps; the new manifest.
    expect(setup.methods()).toBe(`GET GET ${'POST '.repeat(14)}PUT PUT`);
    expect((await setup.client.head(setup.image('mounted:1'), signal))?.digest).toBe(made.digest);
    const layers = await setup.layersOf(made.reference);
    expect(layers.map(({ digest }) => digest)).toEqual([...baseLayers, source].map(({ digest }) => digest));
    await setup.readAll(made.reference, [...baseLayers, source]);
    expect(await imageConfig(setup.client, { reference: setup.image('mounted:1'), platform: amd64 }, signal)).toEqual({
      digest: made.digest,
      platform: amd64,
      entrypoint: [],
      cmd: ['sh'],
      workdir: '/src',
      env: ['PATH=/bin', 'A=1'],
      user: '',
      labels: expect.objectContaining({
        'org.opencontainers.image.revision': 'abc',
        'registry.repo': 'base',
      }) as unknown,
    });
  });

  it('twice gives the same digest, in a fifth of the requests', async () => {
    const first = await setup.append('twice');
    setup.proxy.seen.length = 0;
    const second = await setup.append('twice');
    expect(second).toEqual({ ...first, requests: 2 });
    expect(setup.methods()).toBe('HEAD PUT');
    await setup.renew();
    expect((await setup.append('twice')).digest).toBe(first.digest);
  });

  it('of another source onto the same base brings that source only', async () => {
    await setup.append('next');
    const next = layerOf('src/main.txt', 'the next source', 'gzip');
    await setup.client.putBlob(setup.image('source'), next, signal);
    setup.proxy.seen.length = 0;
    const { requests } = await setup.append('next', { layers: [{ ...next, from: setup.image('source') }] });
    expect(setup.methods()).toBe('HEAD POST POST PUT PUT');
    expect(requests).toBe(5);
  });

  it("keeps Docker's format on a base in Docker's format", async () => {
    const made = await setup.append('docker', { base: setup.image('base/docker:1') });
    expect(made.mediaType).toBe(mediaTypes.dockerManifest);
    const types = new Set((await setup.layersOf(made.reference)).map(({ mediaType }) => mediaType));
    expect([...types]).toEqual([`${mediaTypes.dockerLayer}.gzip`]);
  });

  it('needs no base', async () => {
    const made = await setup.append('scratch', { base: 'scratch' });
    expect((await setup.layersOf(made.reference)).map(({ digest }) => digest)).toEqual([source.digest]);
    expect(
      (await imageConfig(setup.client, { reference: setup.image('scratch:1'), platform: amd64 }, signal)).platform,
    ).toEqual(amd64);
  });

  it("into the base's own repository brings nothing of the base", async () => {
    const made = await setup.append('base/oci', {
      target: { repository: `${setup.proxy.address}/base/oci`, tags: ['appended'] },
    });
    expect(setup.methods()).toBe('GET GET POST POST PUT PUT');
    await setup.readAll(made.reference, [source]);
  });

  it('takes the platform it is asked for from an index, by tag or by digest', async () => {
    const one = await pushImage(setup.client, setup.image('base/many:amd64'));
    const two = await pushImage(setup.client, setup.image('base/many:arm64'), {
      architecture: 'arm64',
      layers: [baseLayers[3]!],
    });
    const index = await pushIndex(setup.client, setup.image('base/many:1'), [
      { ...one, platform: amd64 },
      { ...two, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    ]);
    for (const base of [setup.image('base/many:1'), setup.image(`base/many@${index.digest}`)]) {
      const made = await setup.append('platform', { base, platform: { os: 'linux', architecture: 'arm64' } });
      expect((await setup.layersOf(made.reference))[0]?.digest).toBe(baseLayers[3]?.digest);
      // What the name leads to, which is where its tag is looked for later.
      expect(made.base).toEqual({ reference: formatImageReference(base), digest: index.digest });
    }
    const error = await rejectionOf(
      setup.append('platform', { base: setup.image('base/many:1'), platform: { os: 'linux', architecture: 's390x' } }),
    );
    expect(error).toBeInstanceOf(PlatformNotFoundError);
    expect(error).toMatchObject({ available: ['linux/amd64', 'linux/arm64/v8'] });
  });

  it('tells the digest before anything points to it', async () => {
    let told = '';
    const beforeTag = async (digest: string) => {
      told = digest;
      expect(await new RegistryClient().head(setup.image('told:1'), signal)).toBeUndefined();
    };
    expect((await setup.append('told', { beforeTag })).digest).toBe(told);
    const refusing = setup.append('told-not', { beforeTag: () => Promise.reject(new Error('no room')) });
    await expect(refusing).rejects.toThrow('no room');
    expect(await setup.client.head(setup.image('told-not:1'), signal)).toBeUndefined();
  });

  it('sets every tag, or none and the digest only', async () => {
    const repository = `${setup.proxy.address}/tags`;
    const bare = await setup.append('tags', { target: { repository, tags: [] } });
    expect((await setup.client.head(setup.image(`tags@${bare.digest}`), signal))?.digest).toBe(bare.digest);
    await setup.append('tags', { target: { repository, tags: ['a', 'b'] } });
    expect([...(await setup.client.tags(setup.image('tags'), signal))].sort()).toEqual(['a', 'b']);
  });
});
