import { randomBytes } from 'node:crypto';
import { codes, imageType, indexType, sha256, sha512, TestRegistry } from './testing/test-registry';

const json = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));
const descriptor = (mediaType: string, bytes: Uint8Array) => ({ mediaType, digest: sha256(bytes), size: bytes.length });

describe('manifests', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await TestRegistry.start({ limits: { manifestBytes: 4096 } });
  });
  afterEach(() => registry.close());

  it('come back by tag and by digest, byte for byte, whatever the client accepts', async () => {
    const manifest = await registry.image('team/app');
    const put = await registry.putManifest('team/app/manifests/v1', manifest);
    expect([put.status, put.headers.get('location'), put.headers.get('docker-content-digest')]).toEqual([
      201,
      `/v2/team/app/manifests/${sha256(manifest)}`,
      sha256(manifest),
    ]);
    for (const reference of ['v1', sha256(manifest)]) {
      for (const Accept of [imageType, '*/*', 'application/vnd.docker.distribution.manifest.v2+json']) {
        const got = await registry.get(`/v2/team/app/manifests/${reference}`, { Accept });
        expect([got.status, got.headers.get('content-type')]).toEqual([200, imageType]);
        expect(await got.text()).toBe(manifest.toString());
      }
      const head = await registry.request('HEAD', `/v2/team/app/manifests/${reference}`);
      expect([head.status, head.headers.get('content-length'), head.headers.get('docker-content-digest')]).toEqual([
        200,
        String(manifest.length),
        sha256(manifest),
      ]);
    }
  });

  it('are pushed by digest, sha512 too, and refused under a digest that is not theirs', async () => {
    const manifest = await registry.image('a');
    for (const digest of [sha256(manifest), sha512(manifest)]) {
      expect((await registry.putManifest(`a/manifests/${digest}`, manifest)).status).toBe(201);
      expect((await registry.get(`/v2/a/manifests/${digest}`)).status).toBe(200);
    }
    const wrong = await registry.putManifest(`a/manifests/${sha256(Buffer.from('other'))}`, manifest);
    expect([wrong.status, await codes(wrong)]).toEqual([400, ['DIGEST_INVALID']]);
  });

  it('move a tag', async () => {
    const [first, second] = [await registry.image('a'), await registry.image('a')];
    for (const manifest of [first, second, first]) {
      await registry.putManifest('a/manifests/main', manifest);
      const head = await registry.request('HEAD', '/v2/a/manifests/main');
      expect(head.headers.get('docker-content-digest')).toBe(sha256(manifest));
    }
  });

  it('take tags as parameters of a push by digest', async () => {
    const manifest = await registry.image('a');
    const put = await registry.putManifest(`a/manifests/${sha256(manifest)}?tag=one&tag=two`, manifest);
    expect([put.status, put.headers.get('oci-tag')]).toEqual([201, 'one, two']);
    expect((await registry.get('/v2/a/manifests/two')).status).toBe(200);
  });

  it('write nothing when the same manifest is pushed to the same tag', async () => {
    const manifest = await registry.image('a');
    await registry.putManifest('a/manifests/v1', manifest);
    registry.store.put = () => Promise.reject(new Error('nothing should be written'));
    expect((await registry.putManifest('a/manifests/v1', manifest)).status).toBe(201);
  });

  it('are refused with the name of every blob that is missing', async () => {
    const absent = [randomBytes(5), randomBytes(6)];
    const manifest = await registry.image('a', { layers: absent.map((layer) => descriptor('layer', layer)) });
    const put = await registry.putManifest('a/manifests/v1', manifest);
    expect(put.status).toBe(404);
    const { errors } = (await put.json()) as { errors: { code: string; detail: { digest: string } }[] };
    expect(errors.map(({ code, detail }) => [code, detail.digest])).toEqual(
      absent.map((layer) => ['MANIFEST_BLOB_UNKNOWN', sha256(layer)]),
    );
    const elsewhere = await registry.image('b');
    expect(await codes(await registry.putManifest('a/manifests/v1', elsewhere))).toContain('MANIFEST_BLOB_UNKNOWN');
    expect((await registry.get('/v2/a/manifests/v1')).status).toBe(404);
  });

  it('may name layers that are kept elsewhere', async () => {
    const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
    const manifest = await registry.image('a', { layers: [descriptor(mediaType, randomBytes(5))] });
    expect((await registry.putManifest('a/manifests/v1', manifest)).status).toBe(201);
  });

  it('of an index need their children', async () => {
    const child = await registry.image('a');
    const index = json({ schemaVersion: 2, mediaType: indexType, manifests: [descriptor(imageType, child)] });
    const early = await registry.putManifest('a/manifests/all', index, indexType);
    expect([early.status, await codes(early)]).toEqual([404, ['MANIFEST_BLOB_UNKNOWN']]);
    await registry.putManifest(`a/manifests/${sha256(child)}`, child);
    expect((await registry.putManifest('a/manifests/all', index, indexType)).status).toBe(201);
  });

  it.each([
    ['no JSON', '{', imageType],
    ['no object', '[]', imageType],
    ['not UTF-8', '"\xff"', imageType],
    ['another schema version', '{"schemaVersion":1}', imageType],
    ['no config', '{"schemaVersion":2,"layers":[]}', imageType],
    ['an image and an index at once', '{"schemaVersion":2,"manifests":[],"layers":[]}', indexType],
    ['another type than it says', `{"schemaVersion":2,"mediaType":"${indexType}","manifests":[]}`, imageType],
    ['an unknown type', '{"schemaVersion":2}', 'text/plain'],
    ['no type at all', '{"schemaVersion":2,"manifests":[]}', ''],
    [
      'a malformed subject',
      '{"schemaVersion":2,"manifests":[],"subject":{"mediaType":"x","digest":"x","size":1}}',
      indexType,
    ],
  ])('are refused when they are %s', async (_, document, type) => {
    const put = await registry.putManifest('a/manifests/v1', Buffer.from(document, 'latin1'), type);
    expect([put.status, await codes(put)]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it('are refused when they are too long, announced or not, and the connection serves on', async () => {
    const long = Buffer.alloc(5000, ' ');
    const announced = await registry.putManifest('a/manifests/v1', long);
    expect([announced.status, await codes(announced)]).toEqual([413, ['SIZE_INVALID']]);
    const stream = new Blob([long]).stream();
    const init = { body: stream, duplex: 'half', headers: { 'Content-Type': imageType } } as RequestInit;
    expect((await registry.request('PUT', '/v2/a/manifests/v1', init)).status).toBe(413);
    expect((await registry.get('/v2/')).status).toBe(200);
  });

  it.each([
    ['-v1', 400, 'TAG_INVALID'],
    ['.hidden', 400, 'TAG_INVALID'],
    ['a'.repeat(129), 400, 'TAG_INVALID'],
    ['sha256:abc', 400, 'DIGEST_INVALID'],
    [`md5:${'0'.repeat(32)}`, 400, 'DIGEST_INVALID'],
    [`sha256:${'A'.repeat(64)}`, 400, 'DIGEST_INVALID'],
  ])('are refused under the reference %s', async (reference, status, code) => {
    const put = await registry.putManifest(`a/manifests/${reference}`, await registry.image('a'));
    expect([put.status, await codes(put)]).toEqual([status, [code]]);
  });

  it('are unknown by a tag or digest that is not there', async () => {
    await registry.putManifest('a/manifests/v1', await registry.image('a'));
    for (const reference of ['v2', '.hidden', sha256(Buffer.from('x'))]) {
      for (const method of ['GET', 'DELETE']) {
        const got = await registry.request(method, `/v2/a/manifests/${reference}`);
        expect([got.status, await codes(got)]).toEqual([404, ['MANIFEST_UNKNOWN']]);
      }
    }
  });

  it('outlive their tag', async () => {
    const manifest = await registry.image('a');
    await registry.putManifest('a/manifests/v1', manifest);
    expect((await registry.request('DELETE', '/v2/a/manifests/v1')).status).toBe(202);
    expect((await registry.get('/v2/a/manifests/v1')).status).toBe(404);
    expect((await registry.get(`/v2/a/manifests/${sha256(manifest)}`)).status).toBe(200);
  });

  it('take all their tags with them, and no other', async () => {
    const [one, two] = [await registry.image('a'), await registry.image('a')];
    await registry.putManifest('a/manifests/v1', one);
    await registry.putManifest('a/manifests/latest', one);
    await registry.putManifest('a/manifests/v2', two);
    expect((await registry.request('DELETE', `/v2/a/manifests/${sha256(one)}`)).status).toBe(202);
    expect((await registry.get(`/v2/a/manifests/${sha256(one)}`)).status).toBe(404);
    expect(await (await registry.get('/v2/a/tags/list')).json()).toEqual({ name: 'a', tags: ['v2'] });
  });
});

describe('referrers', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await TestRegistry.start();
  });
  afterEach(() => registry.close());

  type List = { mediaType: string; manifests: { digest: string; artifactType?: string; annotations?: object }[] };
  const list = async (path: string): Promise<List> => (await (await registry.get(path)).json()) as List;

  it('are listed with type and annotations, before and after their subject is there, until they are deleted', async () => {
    const subject = await registry.image('a');
    const refers = { subject: descriptor(imageType, subject), annotations: { 'org.example.why': 'test' } };
    const signature = await registry.image('a', { ...refers, artifactType: 'application/x-signature' });
    const config = await registry.image('a', refers);
    const index = json({ schemaVersion: 2, manifests: [], artifactType: 'application/x-list', ...refers });
    const path = `/v2/a/referrers/${sha256(subject)}`;

    const put = await registry.putManifest(`a/manifests/${sha256(signature)}`, signature);
    expect([put.status, put.headers.get('oci-subject')]).toEqual([201, sha256(subject)]);
    await registry.putManifest('a/manifests/config', config);
    await registry.putManifest('a/manifests/index', index, indexType);
    await registry.putManifest('a/manifests/v1', subject);

    const all = await list(path);
    expect(all.mediaType).toBe(indexType);
    const byType = (a: { artifactType?: string }, b: { artifactType?: string }) =>
      (a.artifactType ?? '').localeCompare(b.artifactType ?? '');
    expect(all.manifests.sort(byType)).toEqual([
      {
        ...descriptor(imageType, config),
        artifactType: 'application/vnd.oci.image.config.v1+json',
        annotations: refers.annotations,
      },
      { ...descriptor(indexType, index), artifactType: 'application/x-list', annotations: refers.annotations },
      { ...descriptor(imageType, signature), artifactType: 'application/x-signature', annotations: refers.annotations },
    ]);

    const filtered = await registry.get(`${path}?artifactType=application/x-signature`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(((await filtered.json()) as List).manifests.map(({ digest }) => digest)).toEqual([sha256(signature)]);

    await registry.request('DELETE', `/v2/a/manifests/${sha256(signature)}`);
    expect((await list(path)).manifests).toHaveLength(2);
  });

  it('are none for what nobody refers to, and an error for a malformed digest', async () => {
    const none = await registry.get(`/v2/a/referrers/${sha256(Buffer.from('x'))}`);
    expect([none.status, none.headers.get('content-type')]).toEqual([200, indexType]);
    expect(((await none.json()) as List).manifests).toEqual([]);
    const wrong = await registry.get('/v2/a/referrers/v1');
    expect([wrong.status, await codes(wrong)]).toEqual([400, ['DIGEST_INVALID']]);
  });

  it('come in several answers when they are too many for one', async () => {
    const subject = descriptor(imageType, Buffer.from('subject'));
    const pushed: string[] = [];
    for (let at = 0; at < 5; at += 1) {
      const manifest = await registry.image('a', { subject, annotations: { at: String(at).repeat(500) } });
      await registry.putManifest(`a/manifests/${sha256(manifest)}`, manifest);
      pushed.push(sha256(manifest));
    }
    await registry.restart({ manifestBytes: 2000 });
    const found: string[] = [];
    let pages = 0;
    let path = `/v2/a/referrers/${subject.digest}`;
    while (path !== '' && pages < 10) {
      const answer = await registry.get(path);
      found.push(...((await answer.json()) as List).manifests.map(({ digest }) => digest));
      path = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1] ?? '';
      pages += 1;
    }
    expect(found).toEqual([...pushed].sort());
    expect(pages).toBe(3);
  });
});
