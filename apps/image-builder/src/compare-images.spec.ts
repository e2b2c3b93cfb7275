import { appendImage, mediaTypes, parseImageReference } from '@keelson/registry';
import { unaborted, World } from './builder-fixture.contract';
import { compareImages } from './compare-images';

type Tree = Readonly<Record<string, string>>;

describe('two images', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.end());

  /** An image of these layers, by a name of its own. */
  let images = 0;
  async function image(...trees: readonly Tree[]): Promise<string> {
    const name = `compared-${(images += 1)}`;
    return world.image(name, {
      layers: await world.layers(...trees),
      target: { repository: `${world.registry}/${name}`, tags: ['1'] },
    });
  }
  const amd = { os: 'linux', architecture: 'amd64' };
  /** An index of such images. */
  async function index(of: readonly { platform: object; trees: readonly Tree[] }[]): Promise<string> {
    const name = `${world.registry}/compared-${(images += 1)}`;
    const manifests = [];
    for (const { platform, trees } of of) {
      const repository = parseImageReference(name);
      const made = await appendImage(world.client, {
        ...{ base: 'scratch', layers: await world.layers(...trees), signal: unaborted },
        ...{ target: { repository: name, tags: ['part'] }, config: { created: '2020-01-01T00:00:00Z' } },
      });
      const { bytes } = await world.client.manifest({ ...repository, digest: made.digest }, unaborted);
      manifests.push({ mediaType: mediaTypes.ociManifest, digest: made.digest, size: bytes.length, platform });
    }
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
    const content = { mediaType: mediaTypes.ociIndex, bytes };
    await world.client.putManifest(parseImageReference(`${name}:1`), content, unaborted);
    return `${name}:1`;
  }
  const compared = async (cached: readonly Tree[], uncached: readonly Tree[]) =>
    compareImages(world.client, { cached: await image(...cached), uncached: await image(...uncached) }, unaborted);

  it('are the same when their files are, however they are spread over layers', async () => {
    const same = { outcome: 'same', count: 0, differences: [] };
    expect(await compared([{ a: '1' }, { b: '2' }], [{ a: '1' }, { b: '2' }])).toEqual(same);
    expect(await compared([{ a: '1' }, { b: '2' }], [{ a: '1', b: '2' }])).toEqual(same);
    expect(await compared([{ a: 'old' }, { a: '1', b: '2' }], [{ b: '2' }, { a: '1' }])).toEqual(same);
  });

  it('differ by what is in one of them only, or not the same in both', async () => {
    expect(await compared([{ base: '1' }, { a: '1', b: '2' }], [{ base: '1' }, { a: '2', c: '3' }])).toEqual({
      outcome: 'different',
      count: 3,
      differences: [
        { path: 'src/a', what: 'changed' },
        { path: 'src/b', what: 'only-cached' },
        { path: 'src/c', what: 'only-uncached' },
      ],
    });
  });

  it('have what their layers leave: a file that a later one removes is not there', async () => {
    const same = { outcome: 'same', count: 0 };
    const made = [{ x: '' }, { a: '1', 'd/b': '2' }];
    expect(await compared([...made, { '.wh.a': '', '.wh.d': '' }], [{ x: '' }])).toMatchObject(same);
    expect(
      await compared([...made, { 'd/.wh..wh..opq': '', 'd/c': '3' }], [{ x: '', a: '1', 'd/c': '3' }]),
    ).toMatchObject(same);
    // Of what both begin with, one removes a file.
    const { differences } = await compared([...made, { '.wh.a': '' }], [...made, { y: '' }]);
    expect(differences).toEqual([
      { path: 'src/a', what: 'only-uncached' },
      { path: 'src/y', what: 'only-uncached' },
    ]);
  });

  it('are the same when one of them only names a directory again', async () => {
    expect(await compared([{ x: '' }, { a: '1' }], [{ x: '', a: '1' }])).toMatchObject({ outcome: 'same' });
    expect(await compared([{ x: '' }, { x: '' }], [{ x: '' }])).toMatchObject({ outcome: 'same' });
  });

  it('name the first hundred paths, and count them all', async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`f${at}`, 'x']));
    const { count, differences } = await compared([{ x: '' }, many], [{ x: '' }]);
    expect([count, differences.length]).toEqual([150, 100]);
  });

  it('cannot be compared when one is gone or no archive, and that is said', async () => {
    const cached = await image({ a: '1' });
    const gone = await compareImages(world.client, { cached, uncached: `${world.registry}/none:1` }, unaborted);
    expect(gone).toMatchObject({ outcome: 'unknown', reason: expect.stringContaining('none:1') });
    const noTar = await compareImages(world.client, { cached, uncached: await world.image('no-tar') }, unaborted);
    expect(noTar).toMatchObject({ outcome: 'unknown', reason: expect.stringMatching(/no-tar:1: .*malformed/) });
  });

  it('of several platforms are compared platform by platform, without what is attested of them', async () => {
    const arm = { os: 'linux', architecture: 'arm64', variant: 'v8' };
    const none = { os: 'unknown', architecture: 'unknown' };
    const cached = await index([
      { platform: amd, trees: [{ a: '1' }] },
      { platform: arm, trees: [{ a: '1' }] },
    ]);
    const same = await index([
      ...[
        { platform: arm, trees: [{ x: '' }, { a: '1' }] },
        { platform: none, trees: [{ sbom: '1' }] },
      ],
      { platform: amd, trees: [{ a: '1' }] },
    ]);
    const verdict = await compareImages(world.client, { cached, uncached: same }, unaborted);
    expect(verdict.differences).toEqual([{ path: 'linux/arm64/v8:src/x', what: 'only-uncached' }]);
    const one = await index([{ platform: amd, trees: [{ a: '1' }] }]);
    expect(await compareImages(world.client, { cached, uncached: cached }, unaborted)).toMatchObject({
      outcome: 'same',
    });
    // As one platform is written with attestations, and without.
    const plain = { cached: one, uncached: await image({ a: '1' }) };
    expect(await compareImages(world.client, plain, unaborted)).toMatchObject({ outcome: 'same', count: 0 });
    const two = await index([
      { platform: amd, trees: [{ a: '1' }] },
      { platform: { ...arm, variant: 'v7' }, trees: [] },
    ]);
    const { outcome, differences } = await compareImages(world.client, { cached, uncached: two }, unaborted);
    expect([outcome, differences]).toEqual([
      'different',
      [
        { path: 'linux/arm64/v7:', what: 'only-uncached' },
        { path: 'linux/arm64/v8:', what: 'only-cached' },
      ],
    ]);
  });

  it('are not read where they begin alike', async () => {
    const cached = await world.image('alike-1'); // whose only layer is no archive
    const other = await world.image('alike-2', { config: { created: '2021-01-01T00:00:00Z' } });
    expect((await world.client.head(parseImageReference(cached), unaborted))?.digest).not.toBe(
      (await world.client.head(parseImageReference(other), unaborted))?.digest,
    );
    expect(await compareImages(world.client, { cached, uncached: other }, unaborted)).toMatchObject({
      outcome: 'same',
    });
  });
});
