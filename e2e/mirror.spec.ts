import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseImageReference, RegistryClient } from '@keelson/registry';
import { startHttpFaultProxy } from '@keelson/testbed';
import { startRegistry, onRegistry } from '../libs/registry/src/testing/private-registry';
import { layerOf, pushImage, pushIndex } from '../libs/registry/src/testing/sample-images';
import { expectEnd, keelson, keelsonJson, newDirectory, whenOver } from './support/keelson';

const { signal } = new AbortController();
const platforms = ['amd64', 'arm64', 's390x'];

type Mirrored = {
  from: string;
  to: string;
  state: string;
  digest: string | null;
  sentBytes: number;
  error: string | null;
};

onRegistry()('keelson mirror', () => {
  /** A registry with an image for three platforms and one for the usual one, and an empty registry. */
  async function registries() {
    const [full, empty] = [await startRegistry(), await startRegistry()];
    const client = new RegistryClient();
    whenOver(async () => {
      await client.close();
      await Promise.all([full.close(), empty.close()]);
    });
    const images = [];
    for (const architecture of platforms) {
      const layers = [layerOf('base', architecture.repeat(1000), 'gzip'), layerOf('shared', 'shared', 'gzip')];
      const at = parseImageReference(`${full.address}/library/debian:${architecture}`);
      images.push({
        ...(await pushImage(client, at, { architecture, layers })),
        platform: { os: 'linux', architecture },
      });
    }
    const index = await pushIndex(client, parseImageReference(`${full.address}/library/debian:12`), images);
    const tool = await pushImage(client, parseImageReference(`${full.address}/team/tool:1`));
    const list = path.join(newDirectory('list'), 'images.txt');
    writeFileSync(list, `${full.address}/library/debian:12\n${full.address}/team/tool:1 ${empty.address}/tools/tool\n`);
    const at = async (name: string) =>
      (await client.head(parseImageReference(`${empty.address}/${name}`), signal))?.digest;
    const mirror = (...more: string[]) =>
      keelsonJson<Mirrored>(['mirror', list, '--to', `${empty.address}/mirror`, ...more]);
    return { ...{ full, empty, client, images, index, tool, list, at, mirror } };
  }
  const statesOf = (mirrored: readonly Mirrored[]) => mirrored.map(({ state }) => state);

  it('tells what it would do, does it, and finds it done', async () => {
    const { index, tool, at, mirror, empty, list } = await registries();
    const wouldBe = await mirror('--dry-run');
    expect(statesOf(wouldBe)).toEqual(['missing', 'missing']);
    expect(await at('mirror/library/debian:12')).toBeUndefined();
    const done = await mirror();
    expect(statesOf(done)).toEqual(['copied', 'copied']);
    expect(done.map(({ digest }) => digest)).toEqual([index.digest, tool.digest]);
    // A layer that three images have is sent once.
    expect(done[0]!.sentBytes).toBeLessThan(wouldBe[0]!.sentBytes);
    expect(await at('mirror/library/debian:12')).toBe(index.digest);
    expect(await at('tools/tool:1')).toBe(tool.digest);
    expect(statesOf(await mirror())).toEqual(['there', 'there']);
    const { status, stdout } = await keelson(['mirror', list, '--to', `${empty.address}/mirror`]);
    expect(status).toBe(0);
    expect(stdout).toContain(`1/2  there    ${empty.address}/mirror/library/debian:12  ${index.digest}`);
  });

  it('takes the image of one platform, or an index of some', async () => {
    const { images, at, mirror, client, empty, index } = await registries();
    await mirror('--platform', 'linux/arm64');
    expect(await at('mirror/library/debian:12')).toBe(images[1]!.digest);
    await mirror('--platform', 'linux/arm64', '--platform', 'linux/s390x');
    const some = await client.manifest(parseImageReference(`${empty.address}/mirror/library/debian:12`), signal);
    expect(some.digest).not.toBe(index.digest);
    const listed = (JSON.parse(Buffer.from(some.bytes).toString()) as { manifests: { digest: string }[] }).manifests;
    expect(listed.map(({ digest }) => digest)).toEqual([images[1]!.digest, images[2]!.digest]);
    expect(await at(`mirror/library/debian@${images[0]!.digest}`)).toBeUndefined();
  });

  it('goes on where it was cut short', async () => {
    const { full, empty, index, images, at } = await registries();
    const proxy = await startHttpFaultProxy(empty.address);
    whenOver(() => proxy.close());
    // The registry is away as soon as it has the first of the three images.
    let manifests = 0;
    proxy.fault = (request, response) => {
      if (request.method === 'PUT' && request.url?.includes('/manifests/')) manifests += 1;
      if (manifests < 2) return false;
      response.writeHead(503).end('away');
      return true;
    };
    const list = path.join(newDirectory('list'), 'images.txt');
    writeFileSync(list, `${full.address}/library/debian:12 ${proxy.address}/debian\n`);
    const cut = await keelson(['mirror', list]);
    expectEnd(cut, { status: 1 });
    expect(cut.stderr).toMatch(/1\/1 {2}failed .*debian:12: .*503/);
    expect(await at(`debian@${images[0]!.digest}`)).toBe(images[0]!.digest);
    expect(await at('debian:12')).toBeUndefined();
    proxy.fault = undefined;
    const before = proxy.seen.length;
    expectEnd(await keelson(['mirror', list]), { status: 0 });
    expect(await at('debian:12')).toBe(index.digest);
    const puts = proxy.seen.slice(before).filter(({ method, url }) => method === 'PUT' && url.includes('/manifests/'));
    expect(puts).toHaveLength(3); // the two images that were left, and the index
  });

  it('tells of an image that is not there, and brings the others', async () => {
    const { full, empty, list, at, tool } = await registries();
    writeFileSync(list, `${full.address}/nothing:1\n${full.address}/team/tool:1\n`);
    const { status, stdout, stderr } = await keelson(['mirror', list, '--to', empty.address]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^1\/2 {2}failed {3}.*nothing:1: there is no image/m);
    expect(stdout).toMatch(/^2\/2 {2}copied/m);
    expect(await at('team/tool:1')).toBe(tool.digest);
  });
});
