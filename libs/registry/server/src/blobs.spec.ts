import { randomBytes } from 'node:crypto';
import { codes, sha256, sha512, TestRegistry } from './testing/test-registry';

const kibibyte = 1024;
/** The digest of an answer's body: comparing large buffers byte by byte takes jest a second. */
const sent = async (response: Response): Promise<string> => sha256(Buffer.from(await response.arrayBuffer()));

describe('blobs', () => {
  let registry: TestRegistry;
  beforeEach(async () => {
    registry = await TestRegistry.start({ limits: { segmentBytes: 64 * kibibyte } });
  });
  afterEach(() => registry.close());

  it('come back as they were pushed, with length, digest and type', async () => {
    const bytes = randomBytes(1000);
    const path = `/v2/team/app/blobs/${await registry.push('team/app', bytes)}`;
    const got = await registry.get(path);
    expect(await sent(got)).toBe(sha256(bytes));
    expect(got.headers.get('content-type')).toBe('application/octet-stream');
    expect(got.headers.get('docker-content-digest')).toBe(sha256(bytes));
    const head = await registry.request('HEAD', path);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1000']);
  });

  it('are taken with a single POST, also empty and by sha512', async () => {
    for (const bytes of [Buffer.alloc(0), randomBytes(10), randomBytes(200 * kibibyte)]) {
      for (const digest of [sha256(bytes), sha512(bytes)]) {
        const post = await registry.request('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: bytes });
        expect([post.status, post.headers.get('location')]).toEqual([201, `/v2/a/blobs/${digest}`]);
        expect(await sent(await registry.get(`/v2/a/blobs/${digest}`))).toBe(sha256(bytes));
      }
    }
  });

  it('are refused when the bytes are not those of the digest, and leave nothing', async () => {
    const other = sha256(Buffer.from('other'));
    for (const bytes of [randomBytes(10), randomBytes(200 * kibibyte)]) {
      const post = await registry.request('POST', `/v2/a/blobs/uploads/?digest=${other}`, { body: bytes });
      expect([post.status, await codes(post)]).toEqual([400, ['DIGEST_INVALID']]);
      const put = await registry.finish(await registry.begin('a'), other, bytes);
      expect([put.status, await codes(put)]).toEqual([400, ['DIGEST_INVALID']]);
    }
    expect((await registry.get(`/v2/a/blobs/${other}`)).status).toBe(404);
    expect(await keys(registry)).toEqual(['registry/upload-key']);
  });

  it('are unknown in a repository they were not pushed to', async () => {
    const digest = await registry.push('a');
    const got = await registry.get(`/v2/b/blobs/${digest}`);
    expect([got.status, await codes(got)]).toEqual([404, ['BLOB_UNKNOWN']]);
  });

  it('are stored once for any number of repositories', async () => {
    const bytes = randomBytes(100);
    await registry.push('a', bytes);
    await registry.push('b', bytes);
    const holding = (await keys(registry)).filter((key) => key.startsWith('registry/blobs/'));
    expect(holding).toHaveLength(1);
  });

  describe.each([
    ['small', 5_000],
    ['in segments', 300 * kibibyte + 7],
  ])('%s', (_, size) => {
    const bytes = randomBytes(size);
    it.each([
      ['bytes=0-0', 0, 0],
      ['bytes=10-99', 10, 99],
      ['bytes=4000-', 4000, size - 1],
      ['bytes=-100', size - 100, size - 1],
      [`bytes=100-${String(size * 2)}`, 100, size - 1],
      [`bytes=1-${String(size - 2)}`, 1, size - 2],
    ])('serve the range %s', async (header, first, last) => {
      const path = `/v2/a/blobs/${await registry.push('a', bytes)}`;
      const got = await registry.get(path, { Range: header });
      expect(got.status).toBe(206);
      expect(got.headers.get('content-range')).toBe(`bytes ${String(first)}-${String(last)}/${String(size)}`);
      expect(await sent(got)).toBe(sha256(bytes.subarray(first, last + 1)));
    });

    it('answer 416 to a range outside, and all of it to a range that is none', async () => {
      const path = `/v2/a/blobs/${await registry.push('a', bytes)}`;
      const outside = await registry.get(path, { Range: `bytes=${String(size)}-` });
      expect([outside.status, outside.headers.get('content-range')]).toEqual([416, `bytes */${String(size)}`]);
      expect(await sent(await registry.get(path, { Range: 'lines=1-2' }))).toBe(sha256(bytes));
    });
  });

  it('of 20 MiB lie in segments of 8 MiB, and their bytes nowhere else', async () => {
    await registry.restart({});
    const bytes = randomBytes(20 * 1024 * kibibyte);
    const path = `/v2/a/blobs/${await registry.push('a', bytes)}`;
    const sizes: number[] = [];
    for await (const object of registry.store.list('')) if (object.sizeBytes > 1000) sizes.push(object.sizeBytes);
    expect(sizes.map((size) => size / (1024 * kibibyte))).toEqual([8, 8, 4]);
    const range = await registry.get(path, {
      Range: `bytes=${String(8 * 1024 * kibibyte - 5)}-${String(16 * 1024 * kibibyte + 5)}`,
    });
    expect(await sent(range)).toBe(sha256(bytes.subarray(8 * 1024 * kibibyte - 5, 16 * 1024 * kibibyte + 6)));
  });

  it('are mounted from a repository that has them, by one small object', async () => {
    const bytes = randomBytes(200 * kibibyte);
    const digest = await registry.push('base', bytes);
    const before = (await keys(registry)).length;
    const mounted = await registry.request('POST', `/v2/app/blobs/uploads/?mount=${digest}&from=base`);
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/app/blobs/${digest}`]);
    expect((await keys(registry)).length).toBe(before + 1);
    expect(await sent(await registry.get(`/v2/app/blobs/${digest}`))).toBe(sha256(bytes));
  });

  it('are mounted without a source when any repository has them', async () => {
    const digest = await registry.push('base');
    expect((await registry.request('POST', `/v2/app/blobs/uploads/?mount=${digest}`)).status).toBe(201);
  });

  it('begin an upload where they cannot be mounted', async () => {
    const digest = await registry.push('base');
    for (const query of [`mount=${digest}&from=other`, `mount=${digest}&from=..%2F..`, 'mount=nonsense&from=base']) {
      const answer = await registry.request('POST', `/v2/app/blobs/uploads/?${query}`);
      expect([answer.status, answer.headers.get('range')]).toEqual([202, '0-0']);
    }
  });

  it('are deleted in one repository and stay in the others', async () => {
    const bytes = randomBytes(200 * kibibyte);
    const digest = await registry.push('a', bytes);
    await registry.request('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`);
    expect((await registry.request('DELETE', `/v2/a/blobs/${digest}`)).status).toBe(202);
    expect((await registry.request('DELETE', `/v2/a/blobs/${digest}`)).status).toBe(404);
    expect(await sent(await registry.get(`/v2/b/blobs/${digest}`))).toBe(sha256(bytes));
  });

  it('give their room back with the last repository that has them', async () => {
    for (const bytes of [randomBytes(10), randomBytes(200 * kibibyte)]) {
      await registry.request('DELETE', `/v2/a/blobs/${await registry.push('a', bytes)}`);
    }
    expect(await keys(registry)).toEqual(['registry/upload-key']);
  });

  it('answer 304 to a client that has them', async () => {
    const digest = await registry.push('a');
    const got = await registry.get(`/v2/a/blobs/${digest}`, { 'If-None-Match': `"${digest}"` });
    expect([got.status, await got.text()]).toEqual([304, '']);
  });

  it('are an error, not a torn answer, when their bytes are damaged', async () => {
    const digest = await registry.push('a', randomBytes(200 * kibibyte));
    const segment = (await keys(registry)).find((key) => key.startsWith('registry/segments/'));
    await registry.store.delete(segment ?? '');
    const got = await registry.get(`/v2/a/blobs/${digest}`);
    expect([got.status, await codes(got)]).toEqual([500, ['UNKNOWN']]);
    expect(registry.warnings).toHaveLength(1);
  });
});

async function keys(registry: TestRegistry): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { key } of registry.store.list('')) found.push(key);
  return found;
}
