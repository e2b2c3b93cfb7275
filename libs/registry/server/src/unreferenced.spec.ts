import { randomBytes } from 'node:crypto';
import { imageType, sha256, TestRegistry } from './testing/test-registry';

describe('blobs that nobody names', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await TestRegistry.start();
  });
  afterEach(() => registry.close());

  const descriptor = (bytes: Uint8Array) => ({ mediaType: 'application/x', digest: sha256(bytes), size: bytes.length });
  /** An image of these blobs, all of them pushed. */
  async function push(name: string, config: Buffer, ...layers: Buffer[]): Promise<string> {
    for (const blob of [config, ...layers]) await registry.push(name, blob);
    const manifest = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: imageType },
        ...{ config: descriptor(config), layers: layers.map(descriptor) },
      }),
    );
    expect((await registry.putManifest(`${name}/manifests/${sha256(manifest)}`, manifest)).status).toBe(201);
    return sha256(manifest);
  }
  const isThere = async (name: string, blob: Uint8Array) =>
    (await registry.request('HEAD', `/v2/${name}/blobs/${sha256(blob)}`)).status === 200;
  const remove = async (name: string, ...blobs: Buffer[]) => {
    const body = JSON.stringify({ digests: blobs.map(sha256) });
    const reply = await registry.request('POST', `/v2/${name}/_keelson/unreferenced`, { body });
    return [reply.status, ((await reply.json()) as { removed?: string[] }).removed];
  };

  it('are removed when they are asked for, and no others', async () => {
    const [config, other, shared, own, loose] = [1, 2, 3, 4, 5].map(() => randomBytes(1000)) as [
      ...[Buffer, Buffer, Buffer, Buffer, Buffer],
    ];
    const first = await push('a', config, shared, own);
    await push('a', other, shared);
    await registry.push('a', loose);
    expect(await remove('a', config, shared, own)).toEqual([200, []]);
    expect((await registry.request('DELETE', `/v2/a/manifests/${first}`)).status).toBe(202);
    expect(await remove('a', config, shared, own)).toEqual([200, [sha256(config), sha256(own)]]);
    expect(await isThere('a', own)).toBe(false);
    for (const kept of [other, shared, loose]) expect(await isThere('a', kept)).toBe(true);
    expect(await remove('a', own)).toEqual([200, []]);
  });

  it('are not removed from another repository', async () => {
    const [config, layer] = [randomBytes(10), randomBytes(1000)];
    await push('a', config, layer);
    await registry.push('b', layer);
    expect(await remove('b', layer)).toEqual([200, [sha256(layer)]]);
    expect([await isThere('a', layer), await isThere('b', layer)]).toEqual([true, false]);
  });

  it('are there, or a push of them is told that they are not, however it meets a removal', async () => {
    for (let round = 0; round < 20; round += 1) {
      const [config, layer] = [randomBytes(10), randomBytes(1000)];
      for (const blob of [config, layer]) await registry.push('a', blob);
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: imageType,
          config: descriptor(config),
          layers: [descriptor(layer)],
        }),
      );
      const [put] = await Promise.all([
        registry.putManifest(`a/manifests/${sha256(manifest)}`, manifest),
        remove('a', layer),
      ]);
      expect([put.status === 201, put.status === 404]).toContain(true);
      expect(await isThere('a', layer)).toBe(put.status === 201);
    }
  });

  it('must be named by digests', async () => {
    const reply = await registry.request('POST', '/v2/a/_keelson/unreferenced', { body: '{"digests":["x"]}' });
    expect(reply.status).toBe(400);
    expect((await registry.request('POST', '/v2/a/_keelson/unreferenced', { body: 'no' })).status).toBe(400);
  });
});
