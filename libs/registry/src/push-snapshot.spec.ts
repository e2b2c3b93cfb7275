import { parseImageReference } from './image-reference';
import { pushSnapshot } from './push-snapshot';
import { RegistryClient } from './registry-client';
import { startHttpFaultProxy, suiteUnless } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { startRegistry, whyNoRegistry } from './testing/private-registry';
import type { PrivateRegistry } from './testing/private-registry';
import { layerOf } from './testing/sample-images';

suiteUnless(whyNoRegistry())('a snapshot', () => {
  const { signal } = new AbortController();
  const artifactType = 'application/vnd.keelson.source.v1';
  let registry: PrivateRegistry;
  let proxy: HttpFaultProxy;
  let client: RegistryClient;

  beforeAll(async () => {
    registry = await startRegistry();
    proxy = await startHttpFaultProxy(registry.address);
  });

  afterAll(async () => {
    await proxy.close();
    await registry.close();
  });

  beforeEach(() => {
    proxy.seen.length = 0;
    client = new RegistryClient();
  });

  afterEach(() => client.close());

  const push = (name: string, annotations: Record<string, string> = { b: '2', a: '1' }, tag?: string) => {
    const repository = `${proxy.address}/${name}`;
    const layer = layerOf('src/file.txt', name.repeat(50_000), 'gzip');
    return pushSnapshot(client, {
      repository,
      layer,
      artifactType,
      annotations,
      signal,
      ...(tag === undefined ? {} : { tag }),
    });
  };
  const methods = () => proxy.seen.map(({ method }) => method).join(' ');

  it('is an artefact with the tree as its only layer and the commit in its annotations', async () => {
    const { reference, digest } = await push('shape');
    expect(reference).toBe(`${proxy.address}/shape@${digest}`);
    const { bytes } = await client.manifest(parseImageReference(reference), signal);
    const layer = layerOf('src/file.txt', 'shape'.repeat(50_000), 'gzip');
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType,
      config: {
        mediaType: 'application/vnd.oci.empty.v1+json',
        digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
        size: 2,
      },
      layers: [{ mediaType: layer.mediaType, digest: layer.digest, size: layer.sizeBytes }],
      annotations: { a: '1', b: '2' },
    });
  });

  it('of the same tree and commit is the same, in whatever order its annotations come', async () => {
    expect((await push('same', { a: '1', b: '2' })).digest).toBe((await push('same', { b: '2', a: '1' })).digest);
    expect((await push('same', { a: '2' })).digest).not.toBe((await push('same', { a: '1' })).digest);
  });

  it('of the same tree uploads nothing, not even the beginning of an upload', async () => {
    await push('again', { commit: '1' });
    proxy.seen.length = 0;
    await push('again', { commit: '2' });
    expect(methods()).toBe('PUT');
    await client.close();
    client = new RegistryClient();
    proxy.seen.length = 0;
    await push('again', { commit: '3' });
    expect(methods()).toBe('HEAD HEAD PUT');
  });

  it('may have a tag', async () => {
    const { digest } = await push('tagged', {}, 'main');
    expect((await client.head(parseImageReference(`${proxy.address}/tagged:main`), signal))?.digest).toBe(digest);
  });

  it('is pushed again whole when the registry has lost what it had', async () => {
    await push('lost', { commit: '1' });
    let hidden = true;
    proxy.fault = (request, response) => {
      if (request.method !== 'PUT' || !request.url?.includes('/manifests/') || !hidden) return false;
      hidden = false;
      response.writeHead(400).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
      return true;
    };
    proxy.seen.length = 0;
    await push('lost', { commit: '2' });
    proxy.fault = undefined;
    expect(methods()).toBe('PUT HEAD HEAD PUT');
  });

  it('carries the name that others pull by', async () => {
    const named = new RegistryClient({
      registries: [{ name: 'local', push: proxy.address, pull: 'pull.example:5000' }],
    });
    const layer = layerOf('a', 'a');
    const repository = 'pull.example:5000/named';
    const { reference, digest } = await pushSnapshot(named, {
      repository,
      layer,
      artifactType,
      annotations: {},
      signal,
    });
    expect(reference).toBe(`pull.example:5000/named@${digest}`);
    expect((await named.head(parseImageReference(reference), signal))?.digest).toBe(digest);
    await named.close();
  });
});
