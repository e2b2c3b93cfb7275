import { randomBytes } from 'node:crypto';
import { appendImage, parseImageReference, pushSnapshot, RegistryClient } from '@keelson/registry';
import { sha256, TestRegistry } from './testing/test-registry';

describe("Keelson's own client", () => {
  let registry: TestRegistry;
  let reference: string;
  beforeEach(async () => {
    // Larger than a segment, so that both ways of keeping a blob are taken.
    registry = await TestRegistry.start({ limits: { segmentBytes: 64 * 1024 } });
    reference = `${registry.address.host}:${String(registry.address.port)}`;
  });
  afterEach(() => registry.close());

  const signal = new AbortController().signal;
  const bytes = randomBytes(300_000);
  const layer = {
    digest: sha256(bytes),
    diffId: sha256(bytes),
    sizeBytes: bytes.length,
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
  };
  const push = (client: RegistryClient) =>
    pushSnapshot(client, {
      repository: `${reference}/source/app`,
      layer: {
        ...layer,
        async *open() {
          yield* [bytes];
          await Promise.resolve();
        },
      },
      artifactType: 'application/vnd.keelson.source.v1',
      annotations: { 'org.opencontainers.image.revision': 'a'.repeat(40) },
      signal,
    });
  const append = (client: RegistryClient) =>
    appendImage(client, {
      base: 'scratch',
      layers: [{ ...layer, from: { registry: reference, repository: 'source/app' } }],
      target: { repository: `${reference}/images/app`, tags: ['main-1', 'main'] },
      config: { created: '2024-01-01T00:00:00Z' },
      signal,
    });

  it('pushes a snapshot and appends it by a mount, the layer being kept once', async () => {
    const client = new RegistryClient();
    await push(client);
    const image = await append(client);
    const head = await client.head(parseImageReference(`${reference}/images/app:main`), signal);
    expect(head?.digest).toBe(image.digest);
    const got = await registry.get(`/v2/images/app/blobs/${layer.digest}`);
    expect(sha256(Buffer.from(await got.arrayBuffer()))).toBe(layer.digest);
    expect(await registry.store.listSegments('registry/large/sha256/')).toHaveLength(1);
    expect(await registry.store.listSegments('registry/segments/')).toHaveLength(1);
  });

  it('has the same input pushed again write nothing', async () => {
    const first = new RegistryClient();
    const [snapshot, image] = [await push(first), await append(first)];
    const written: string[] = [];
    const put = registry.store.put.bind(registry.store);
    registry.store.put = (key, content, options) => {
      written.push(key);
      return put(key, content, options);
    };
    // A client that knows nothing of the first one's pushes.
    const second = new RegistryClient();
    expect(await push(second)).toEqual(snapshot);
    expect((await append(second)).digest).toBe(image.digest);
    expect(written).toEqual([]);
  });
});
