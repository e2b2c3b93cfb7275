import { Readable } from 'node:stream';
import { formatImageReference, parseImageReference } from './image-reference';
import { mediaTypes } from './media-types';
import { RegistryClient } from './registry-client';
import { ImageNotFoundError, MissingBlobError, RegistryProtocolError } from './registry-errors';
import { startHttpFaultProxy, suiteUnless } from '@keelson/testbed';
import type { HttpFaultProxy } from '@keelson/testbed';
import { startRegistry, whyNoRegistry } from './testing/private-registry';
import type { PrivateRegistry } from './testing/private-registry';
import { digestOf, layerOf, pushImage } from './testing/sample-images';

suiteUnless(whyNoRegistry())('the registry client', () => {
  const { signal } = new AbortController();
  const unknown = `sha256:${'0'.repeat(64)}`;
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

  const image = (name: string) => parseImageReference(`${proxy.address}/${name}`);
  const methods = () => proxy.seen.map(({ method }) => method).join(' ');

  const put = async (name: string, text: string) => {
    const bytes = Buffer.from(text);
    await client.putBlob(image(name), { digest: digestOf(bytes), sizeBytes: bytes.length, open: () => bytes }, signal);
    return digestOf(bytes);
  };

  it('tells the digest, type and size of an image by tag and by digest, in one request each', async () => {
    const pushed = await pushImage(client, image('head:1'));
    proxy.seen.length = 0;
    const expected = { digest: pushed.digest, mediaType: mediaTypes.ociManifest, sizeBytes: pushed.bytes.length };
    expect(await client.head(image('head:1'), signal)).toEqual(expected);
    expect(await client.head(image(`head@${pushed.digest}`), signal)).toEqual(expected);
    expect(methods()).toBe('HEAD HEAD');
  });

  it('knows of nothing where there is nothing', async () => {
    await pushImage(client, image('nothing:1'));
    expect(await client.head(image('nothing:2'), signal)).toBeUndefined();
    expect(await client.head(image('no-such-repository:1'), signal)).toBeUndefined();
    expect(await client.hasBlob(image('nothing'), unknown, signal)).toBe(false);
    await expect(client.manifest(image('nothing:2'), signal)).rejects.toBeInstanceOf(ImageNotFoundError);
    await expect(client.blobBytes(image('nothing'), { digest: unknown, limitBytes: 9 }, signal)).rejects.toBeInstanceOf(
      ImageNotFoundError,
    );
    await expect(client.tags(image('no-such-repository'), signal)).rejects.toBeInstanceOf(ImageNotFoundError);
    expect(await client.deleteManifest(image(`nothing@${unknown}`), signal)).toBe(false);
  });

  it('gives the very bytes of a manifest, and asks for them again only when the tag has moved', async () => {
    const first = await pushImage(client, image('manifest:1'));
    const { digest, mediaType, bytes } = first;
    expect(await client.manifest(image('manifest:1'), signal)).toEqual({ digest, mediaType, bytes });
    proxy.seen.length = 0;
    expect(await client.manifest(image('manifest:1'), signal)).toEqual({ digest, mediaType, bytes });
    expect(await client.manifest(image(`manifest@${digest}`), signal)).toEqual({ digest, mediaType, bytes });
    expect(methods()).toBe('HEAD');
    const second = await pushImage(client, image('manifest:1'), { layers: [layerOf('other.txt', 'other')] });
    proxy.seen.length = 0;
    expect((await client.manifest(image('manifest:1'), signal)).digest).toBe(second.digest);
    expect(methods()).toBe('HEAD GET');
  });

  it('stores blobs of bytes and of streams, and reads them back', async () => {
    const digest = await put('blobs', 'some bytes');
    const layer = layerOf('file.txt', 'x'.repeat(300_000));
    await client.putBlob(image('blobs'), layer, signal);
    expect(Buffer.from(await client.blobBytes(image('blobs'), { digest, limitBytes: 100 }, signal)).toString()).toBe(
      'some bytes',
    );
    let size = 0;
    for await (const chunk of client.blob(image('blobs'), layer, signal)) size += chunk.byteLength;
    expect(size).toBe(layer.sizeBytes);
    expect(await new RegistryClient().hasBlob(image('blobs'), layer.digest, signal)).toBe(true);
  });

  it('stores an empty blob', async () => {
    const digest = await put('blobs', '');
    expect((await client.blobBytes(image('blobs'), { digest, limitBytes: 0 }, signal)).byteLength).toBe(0);
  });

  it('does not ask for a blob that it has seen, until it is told to forget', async () => {
    const digest = await put('known', 'known');
    proxy.seen.length = 0;
    expect(client.knowsBlob(image('known'), digest)).toBe(true);
    expect(await client.hasBlob(image('known'), digest, signal)).toBe(true);
    expect(proxy.seen).toEqual([]);
    client.forgetBlobs(image('known'));
    expect(await client.hasBlob(image('known'), digest, signal)).toBe(true);
    expect(methods()).toBe('HEAD');
  });

  it('reads no blob that is larger than allowed', async () => {
    const digest = await put('limits', 'longer than nine');
    await expect(client.blobBytes(image('limits'), { digest, limitBytes: 9 }, signal)).rejects.toThrow(
      'larger than 9 bytes',
    );
    const stream = Readable.from(client.blob(image('limits'), { digest, sizeBytes: 9 }, signal));
    await expect(stream.toArray()).rejects.toThrow('more than the 9 bytes');
  });

  it('says so when the bytes to store are not those of the digest, and stores nothing', async () => {
    const wrong = { ...layerOf('a', 'a'), digest: unknown };
    await expect(client.putBlob(image('wrong'), wrong, signal)).rejects.toBeInstanceOf(RegistryProtocolError);
    await expect(client.putBlob(image('wrong'), wrong, signal)).rejects.toThrow(
      /the bytes of sha256:0+ have the digest/,
    );
    expect(client.knowsBlob(image('wrong'), unknown)).toBe(false);
  });

  it.each([
    ['fewer', 1],
    ['more', -1],
  ])('says so when the bytes to store are %s than said', async (how, more) => {
    const layer = layerOf('c', 'c');
    const wrong = { ...layer, sizeBytes: layer.sizeBytes + more };
    await expect(client.putBlob(image('size'), wrong, signal)).rejects.toThrow(
      `${how} than the ${wrong.sizeBytes} bytes`,
    );
    expect(await client.hasBlob(image('size'), layer.digest, signal)).toBe(false);
  });

  it('passes on what the source of the bytes throws', async () => {
    const broken = {
      ...layerOf('b', 'b'),
      open: async function* () {
        yield await Promise.resolve(Buffer.from('b'));
        throw new TypeError('the disk is on fire');
      },
    };
    await expect(client.putBlob(image('broken'), broken, signal)).rejects.toThrow(new TypeError('the disk is on fire'));
  });

  it('mounts a blob from another repository, or begins an upload where it is not there', async () => {
    const digest = await put('mount/from', 'mounted');
    expect(await client.mount(image('mount/to'), { digest, from: 'mount/from' }, signal)).toBe('mounted');
    expect(client.knowsBlob(image('mount/to'), digest)).toBe(true);
    const other = Buffer.from('not there yet');
    const refused = await client.mount(image('mount/to'), { digest: digestOf(other), from: 'mount/from' }, signal);
    if (refused === 'mounted') throw new Error('mounted what is not there');
    proxy.seen.length = 0;
    const blob = { digest: digestOf(other), sizeBytes: other.length, open: () => other, ...refused };
    await client.putBlob(image('mount/to'), blob, signal);
    expect(methods()).toBe('PUT');
  });

  it('offers a small blob in one request once, and remembers that this registry wants two', async () => {
    await put('single', 'one');
    expect(methods()).toBe('POST PUT');
    expect(proxy.seen[0]?.url).toContain('?digest=');
    await put('single', 'two');
    expect(proxy.seen[2]?.url).not.toContain('digest=');
  });

  it('refuses a manifest whose blobs are missing by an error of its own', async () => {
    const { bytes, mediaType } = await pushImage(client, image('whole:1'));
    await expect(client.putManifest(image('hollow:1'), { bytes, mediaType }, signal)).rejects.toBeInstanceOf(
      MissingBlobError,
    );
  });

  it('lists all tags', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `v${index}`);
    for (const name of names) await pushImage(client, image(`tags:${name}`));
    // This registry has no order.
    expect([...(await client.tags(image('tags'), signal))].sort()).toEqual(names);
  });

  it('deletes by digest', async () => {
    const { digest } = await pushImage(client, image('gone:1'));
    expect(await client.deleteManifest(image(`gone@${digest}`), signal)).toBe(true);
    expect(await client.head(image('gone:1'), signal)).toBeUndefined();
  });

  it.each(['../../x', 'a/../b', 'a?b', 'A'])('sends nothing for the repository %j', async (repository) => {
    const target = { registry: proxy.address, repository };
    await expect(client.hasBlob(target, unknown, signal)).rejects.toMatchObject({ code: 'invalid-reference' });
    await expect(client.mount(image('a'), { digest: unknown, from: repository }, signal)).rejects.toMatchObject({
      code: 'invalid-reference',
    });
    await expect(client.head({ ...target, repository: 'a', tag: `${repository}/` }, signal)).rejects.toMatchObject({
      code: 'invalid-reference',
    });
    expect(proxy.seen).toEqual([]);
  });

  it('reaches a registry by its push address and names it by its pull address', async () => {
    const entry = { name: 'local', push: proxy.address, pull: 'registry.example:5000' };
    const named = new RegistryClient({ registries: [entry] });
    const { digest } = await pushImage(named, { registry: 'local', repository: 'widget', tag: '1' });
    const pulled = parseImageReference('registry.example:5000/widget:1');
    expect((await named.head(pulled, signal))?.digest).toBe(digest);
    expect(named.pullName('local')).toBe('registry.example:5000');
    expect(named.isSameRegistry('local', proxy.address)).toBe(true);
    expect(named.isSameRegistry('local', 'elsewhere.example')).toBe(false);
    expect(formatImageReference(pulled)).toBe('registry.example:5000/widget:1');
    await named.close();
  });

  it('counts the requests that leave', async () => {
    let requests = 0;
    await client
      .counted(() => {
        requests += 1;
      })
      .head(image('count:1'), signal);
    await client.head(image('count:1'), signal);
    expect(requests).toBe(1);
  });
});
