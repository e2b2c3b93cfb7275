import { builderSettings } from '@keelson/builders';
import { planKey } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import { mediaTypes, parseImageReference } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { unaborted, World } from './builder-fixture.contract';
import { buildKind } from './build-kind';
import type { BuildWork } from './deps';
import { ownBases } from './docker-bases';

const image = `registry.example/builder@sha256:${'1'.repeat(64)}`;
const builders = builderSettings.parse({ helperImage: image, makisu: { image } });

describe('a base that Makisu could not read', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.end());

  const deps = () => {
    const work = { builders, warn: () => undefined } as unknown as BuildWork;
    return { ...world.deps({ work }), work };
  };

  /** The objects of the Job that would build this. */
  async function job(Dockerfile: string, args: Record<string, string> = {}) {
    const event = await world.frozen({ build: { strategy: 'makisu', args }, tree: { Dockerfile } });
    const { run } = event.data.customData;
    expect(await world.ledger.read(planKey(run, planSchema))).toBeDefined();
    const spec = await buildKind(deps()).jobSpec(
      { event, open: { event, openedAt: '2026-01-02T03:04:05Z' }, name: `${run}.1.build` },
      unaborted,
    );
    if (!('objects' in spec)) throw new Error('a builder is objects of a cluster');
    const text = JSON.stringify(spec.objects);
    const config = spec.objects.find(({ kind }) => kind === 'ConfigMap') as
      { data?: Record<string, string> } | undefined;
    return { text, dockerfile: config?.data?.['Dockerfile'] };
  }

  /** An image whose layers are as images' layers are. */
  async function base(name: string, media: 'oci' | 'docker' = 'oci'): Promise<string> {
    const blob = gzipSync(Buffer.alloc(1024));
    const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
    );
    const to = parseImageReference(`${world.registry}/${name}:1`);
    const put = (bytes: Buffer) => putBlob(world.client, to, { digest: digestOf(bytes), bytes });
    await put(blob);
    await put(config);
    const isDocker = media === 'docker';
    const mediaType = isDocker ? mediaTypes.dockerManifest : mediaTypes.ociManifest;
    const manifest = {
      ...{ schemaVersion: 2, mediaType },
      config: {
        ...{ mediaType: isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig },
        ...{ size: config.length, digest: digestOf(config) },
      },
      layers: [
        {
          ...{ mediaType: isDocker ? `${mediaTypes.dockerLayer}.gzip` : `${mediaTypes.ociLayer}+gzip` },
          ...{ size: blob.length, digest: digestOf(blob) },
        },
      ],
    };
    await world.client.putManifest(to, { mediaType, bytes: Buffer.from(JSON.stringify(manifest)) }, unaborted);
    return `${world.registry}/${name}:1`;
  }

  it("is offered to it in Docker's format, and FROM names the copy", async () => {
    const name = await base('team/base');
    const { digest } = (await world.client.head(parseImageReference(name), unaborted))!;
    const written = (from: string) =>
      `FROM ${from} AS build\nRUN echo ${name}\nFROM scratch\nCOPY --from=build /x /x\n`;
    const { text, dockerfile } = await job(written(name));
    const host = world.registry.replace(':', '_');
    const copy = `${world.registry}/keelson-cache/bases/${host}/team/base:1_${digest.slice('sha256:'.length)}`;
    expect(dockerfile).toBe(written(copy).replace(`echo ${copy}`, `echo ${name}`));
    expect(text).toContain('-f=/keelson/config/Dockerfile');
    expect((await world.client.head(parseImageReference(copy), unaborted))?.mediaType).toBe(mediaTypes.dockerManifest);
    // What the builder then says of it is told of the base itself.
    expect(ownBases(deps(), { steps: [], bases: [{ reference: copy }] }).bases).toEqual([{ reference: name, digest }]);
  });

  it('is found behind a build argument, and by its digest', async () => {
    const name = await base('other');
    const { digest } = (await world.client.head(parseImageReference(name), unaborted))!;
    const byArgument = await job('ARG BASE=nothing\nFROM ${BASE}\n', { BASE: name });
    expect(byArgument.dockerfile).toMatch(/^ARG BASE=nothing\nFROM \S+\/bases\/\S+_[0-9a-f]{64}\n$/);
    const pinned = await job(`FROM ${world.registry}/other@${digest}\n`);
    expect(pinned.dockerfile).toMatch(/^FROM \S+\/other:latest_[0-9a-f]{64}\n$/);
  });

  it('is none that is in that format, is no image, or is not there: the file stays as it is', async () => {
    const docker = await base('docker', 'docker');
    for (const from of [docker, 'scratch', `${world.registry}/nowhere:1`, 'NO NAME']) {
      const { text, dockerfile } = await job(`FROM ${from}\n`);
      expect(dockerfile).toBeUndefined();
      expect(text).toContain('-f=/makisu-context/Dockerfile');
    }
  });

  it('is refused where it is a stage of the same Dockerfile: Makisu would take it for an image of Docker Hub', async () => {
    await expect(job('FROM scratch AS build\nRUN true\nFROM build\n')).rejects.toMatchObject({
      ...{ fault: 'user', message: expect.stringContaining('makisu cannot build FROM build') },
    });
  });

  it('is refused by name when its layers are not what Makisu unpacks', async () => {
    const plain = await world.image('plain'); // not compressed
    await expect(job(`FROM ${plain}\n`)).rejects.toMatchObject({
      ...{ fault: 'user', transient: false },
      message: expect.stringContaining(`the base ${plain} cannot be offered in Docker's format`),
    });
  });
});

const putBlob = (
  client: RegistryClient,
  to: { registry: string; repository: string },
  { digest, bytes }: { digest: string; bytes: Buffer },
) => client.putBlob(to, { digest, sizeBytes: bytes.length, open: () => bytes }, unaborted);
