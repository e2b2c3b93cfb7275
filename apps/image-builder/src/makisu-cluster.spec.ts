import { createHash } from 'node:crypto';
import { copyImage, mediaTypes, parseImageReference } from '@keelson/registry';
import { describeBuilder, servers } from '@keelson/testbed';
import { base, buildsOnCluster, dockerfile } from './builder-cluster.contract';
import { unaborted } from './builder-fixture.contract';
import { BuilderHarness } from './builder-harness.contract';

jest.setTimeout(600_000);

describeBuilder('makisu', ['kubeconfig', 'registry', 'redis', 'hostIp'])('Makisu on a cluster', () => {
  let withoutCache: BuilderHarness;
  let harness: BuilderHarness;
  beforeAll(async () => {
    withoutCache = await BuilderHarness.open({ strategy: 'makisu' });
    harness = withoutCache.with({ redisCacheAddr: servers.redis.replace('127.0.0.1', servers.hostIp) });
  });
  afterAll(() => harness.end());
  buildsOnCluster('makisu', () => harness);

  const caches = async (run: BuilderHarness, sequence: number) => {
    const { ended } = await run.built({ sequence, tree: dockerfile('RUN echo kept > /kept') });
    expect(ended).toMatchObject({ outcome: 'success' });
    return ended.build?.steps.map(({ cache }) => cache);
  };

  it('runs every step again where it has no Redis, or one that does not answer', async () => {
    expect(await caches(harness, 30)).toEqual(['miss']);
    expect(await caches(harness, 31)).toEqual(['hit']);
    expect(await caches(withoutCache, 32)).toEqual(['miss']);
    expect(await caches(withoutCache.with({ redisCacheAddr: `${servers.hostIp}:1` }), 33)).toEqual(['miss']);
  });

  it('takes what .dockerignore says all the same, and is known to', async () => {
    const Dockerfile = `FROM ${base()}\nCOPY . /x\nRUN test -e /x/skipped\n`;
    const tree = { Dockerfile, '.dockerignore': 'skipped\n', skipped: 'one' };
    expect((await harness.built({ sequence: 40, tree })).ended).toMatchObject({ outcome: 'success' });
    const { ended } = await harness.built({ sequence: 41, tree: { ...tree, skipped: 'two' } });
    expect(ended.build?.steps[0]?.because).toMatch(/^the file skipped changed from /);
  });

  /** The base in the other format: the same blobs. */
  async function ociBase(): Promise<string> {
    const { client, registry } = harness.world;
    const name = `${registry}/oci-base:1`;
    const to = parseImageReference(name);
    await copyImage(client, { from: parseImageReference(base()), to }, unaborted);
    const { bytes } = await client.manifest(to, unaborted);
    const text = Buffer.from(bytes)
      .toString()
      .replaceAll(mediaTypes.dockerManifest, mediaTypes.ociManifest)
      .replaceAll(mediaTypes.dockerConfig, mediaTypes.ociConfig)
      .replaceAll(`${mediaTypes.dockerLayer}.gzip`, `${mediaTypes.ociLayer}+gzip`);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const manifest = { digest, mediaType: mediaTypes.ociManifest, bytes: Buffer.from(text) };
    await client.putManifest(to, manifest, unaborted);
    return name;
  }

  it('builds on a base that is not in the format that it reads', async () => {
    const oci = await ociBase();
    const stages = [`FROM ${oci} AS one`, 'RUN echo one > /one', `FROM ${oci}`, 'COPY --from=one /one /one', ''];
    const { ended } = await harness.built({ sequence: 50, tree: { Dockerfile: stages.join('\n') } });
    expect(ended).toMatchObject({ outcome: 'success' });
    const found = await harness.world.client.head(parseImageReference(oci), unaborted);
    expect(found?.mediaType).toBe(mediaTypes.ociManifest);
    expect(ended.build?.bases).toEqual([{ reference: oci, digest: found?.digest }]);
  });
});
