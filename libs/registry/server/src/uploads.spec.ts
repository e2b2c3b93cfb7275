import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { once } from 'node:events';
import { codes, sha256, sha512, TestRegistry } from './testing/test-registry';

const segmentBytes = 64 * 1024;
const tick = (): Promise<void> => new Promise((next) => setImmediate(next));
const dayMs = 24 * 3_600_000;

describe('uploads', () => {
  let registry: TestRegistry;
  let nowMs = 1_700_000_000_000;
  beforeEach(async () => {
    nowMs = 1_700_000_000_000;
    registry = await TestRegistry.start({ limits: { segmentBytes }, now: () => nowMs });
  });
  afterEach(() => registry.close());

  const status = async (location: string): Promise<string> => {
    const response = await registry.get(location);
    return `${String(response.status)} ${response.headers.get('range') ?? ''}`;
  };
  const stored = async (prefix: string): Promise<number> => {
    let count = 0;
    for await (const object of registry.store.list(prefix)) if (object.key) count += 1;
    return count;
  };
  /** The digest of the blob that is served for a digest. */
  const blob = async (digest: string): Promise<string> =>
    sha256(Buffer.from(await (await registry.get(`/v2/a/blobs/${digest}`)).arrayBuffer()));

  it('take chunks in order and tell how far they are', async () => {
    const bytes = randomBytes(3000);
    const location = await registry.begin('a');
    expect(await status(location)).toBe('204 0-0');
    const first = await registry.patch(location, bytes.subarray(0, 1000), 0);
    expect([first.status, first.headers.get('range'), first.headers.get('location')]).toEqual([202, '0-999', location]);
    await registry.patch(location, bytes.subarray(1000, 2000), 1000);
    expect(await status(location)).toBe('204 0-1999');
    expect((await registry.finish(location, sha256(bytes), bytes.subarray(2000))).status).toBe(201);
    expect(await blob(sha256(bytes))).toBe(sha256(bytes));
  });

  it('answer 416 to a chunk that does not begin where the upload ends, and go on', async () => {
    const bytes = randomBytes(2000);
    const location = await registry.begin('a');
    const early = await registry.patch(location, bytes.subarray(1000), 1000);
    expect([early.status, early.headers.get('range')]).toEqual([416, '0-0']);
    await registry.patch(location, bytes.subarray(0, 1000), 0);
    const again = await registry.patch(location, bytes.subarray(0, 1000), 0);
    expect([again.status, again.headers.get('range'), await codes(again)]).toEqual([
      416,
      '0-999',
      ['BLOB_UPLOAD_INVALID'],
    ]);
    const garbled = await registry.request('PATCH', location, {
      body: bytes.subarray(1000),
      headers: { 'Content-Range': 'from here to there' },
    });
    expect(garbled.status).toBe(416);
    await registry.patch(location, bytes.subarray(1000), 1000);
    expect((await registry.finish(location, sha256(bytes))).status).toBe(201);
  });

  it('refuse a chunk whose length is not that of its range', async () => {
    const location = await registry.begin('a');
    const answer = await registry.request('PATCH', location, {
      body: randomBytes(10),
      headers: { 'Content-Range': '0-19' },
    });
    expect([answer.status, await codes(answer)]).toEqual([400, ['SIZE_INVALID']]);
    expect(await status(location)).toBe('204 0-0');
  });

  it.each([
    ['a small blob', 3000, 0],
    ['a large blob, whose segments are not copied', 5 * segmentBytes + 11, 6],
  ])('go on after a restart: %s', async (_, size, segments) => {
    const bytes = randomBytes(size);
    const half = Math.floor(size / 2);
    const location = await registry.begin('a');
    await registry.restart();
    expect(await status(location)).toBe('204 0-0');
    await registry.patch(location, bytes.subarray(0, half), 0);
    await registry.restart();
    expect(await status(location)).toBe(`204 0-${String(half - 1)}`);
    await registry.patch(location, bytes.subarray(half), half);
    await registry.restart();
    expect((await registry.finish(location, sha256(bytes))).status).toBe(201);
    expect(await blob(sha256(bytes))).toBe(sha256(bytes));
    expect(await stored('registry/segments/')).toBe(segments);
    expect(await stored('registry/uploads/')).toBe(0);
  });

  it('are verified by another algorithm than the one they were hashed with on the way', async () => {
    const bytes = randomBytes(3 * segmentBytes);
    const location = await registry.begin('a');
    await registry.patch(location, bytes);
    expect((await registry.finish(location, sha512(bytes))).status).toBe(201);
    expect(await blob(sha512(bytes))).toBe(sha256(bytes));
  });

  it('write no session when a known body goes straight to its blob', async () => {
    const bytes = randomBytes(100);
    const written: string[] = [];
    const put = registry.store.put.bind(registry.store);
    registry.store.put = (key, content, options) => {
      written.push(key.replace(/[0-9a-f]{64}/, '<hex>'));
      return put(key, content, options);
    };
    await registry.push('a', bytes);
    expect(written.sort()).toEqual(['registry/blobs/sha256/<hex>', 'registry/repositories/a/_blobs/sha256/<hex>']);
  });

  it('are dropped by DELETE, and unknown from then on', async () => {
    const location = await registry.begin('a');
    await registry.patch(location, randomBytes(1000));
    expect((await registry.request('DELETE', location)).status).toBe(204);
    const again = await registry.request('DELETE', location);
    expect([again.status, await codes(again)]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
    expect((await registry.patch(location, randomBytes(10))).status).toBe(404);
    expect(await stored('registry/segments/')).toBe(0);
  });

  it('are unknown when they ended, were never begun, or belong to another repository', async () => {
    const location = await registry.begin('a');
    const bytes = randomBytes(10);
    await registry.finish(location, sha256(bytes), bytes);
    const stranger = (await registry.begin('b')).replace('/v2/b/', '/v2/a/');
    const made = location.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    for (const unknown of [location, stranger, made, '/v2/a/blobs/uploads/..', '/v2/a/blobs/uploads/1']) {
      expect((await registry.finish(unknown, sha256(bytes), bytes)).status).toBe(404);
    }
  });

  it('need a digest to end, and go on without', async () => {
    const bytes = randomBytes(10);
    const location = await registry.begin('a');
    for (const query of ['', '?digest=', '?digest=md5:d41d8cd98f00b204e9800998ecf8427e', '?digest=sha256:ABC']) {
      const answer = await registry.request('PUT', location + query, { body: bytes });
      expect([answer.status, await codes(answer)]).toEqual([400, ['DIGEST_INVALID']]);
    }
    expect((await registry.finish(location, sha256(bytes), bytes)).status).toBe(201);
  });

  it('keep what came when the client breaks off', async () => {
    const bytes = randomBytes(3 * segmentBytes);
    const location = await registry.begin('a');
    const { host, port } = registry.address;
    const socket = connect(port, host);
    await once(socket, 'connect');
    const head = `PATCH ${location} HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(bytes.length)}\r\n\r\n`;
    await new Promise((sent) => socket.write(Buffer.concat([Buffer.from(head), bytes.subarray(0, 100_000)]), sent));
    // The first segment is stored as soon as it is full: then the server has read far enough.
    while ((await stored('registry/segments/')) === 0) await tick();
    socket.destroy();
    const got = await registry.get(location);
    const come = Number(got.headers.get('range')?.split('-')[1]) + 1;
    expect(come).toBeGreaterThanOrEqual(segmentBytes);
    expect((await registry.finish(location, sha256(bytes), bytes.subarray(come))).status).toBe(201);
    expect(await blob(sha256(bytes))).toBe(sha256(bytes));
    expect(registry.warnings).toEqual([]);
  });

  it('leave one copy when two of the same large blob end at once', async () => {
    const bytes = randomBytes(3 * segmentBytes);
    const answers = await Promise.all([1, 2, 3].map(async () => registry.push('a', bytes)));
    expect(new Set(answers)).toEqual(new Set([sha256(bytes)]));
    expect(await stored('registry/segments/')).toBe(3);
    expect(await blob(sha256(bytes))).toBe(sha256(bytes));
  });

  it('let requests on one upload follow one another', async () => {
    const pieces = [randomBytes(100_000), randomBytes(100_000), randomBytes(100_000)];
    const location = await registry.begin('a');
    const answers = await Promise.all(pieces.map((piece, at) => registry.patch(location, piece, at * 100_000)));
    const accepted = answers.filter((answer) => answer.status === 202).length;
    expect(accepted).toBeGreaterThan(0);
    expect(answers.every((answer) => [202, 416].includes(answer.status))).toBe(true);
    expect(await status(location)).toBe(`204 0-${String(accepted * 100_000 - 1)}`);
  });

  it('are dropped at a start when nobody used them for a day, and not before', async () => {
    const old = await registry.begin('a');
    await registry.patch(old, randomBytes(100));
    nowMs += dayMs;
    const young = await registry.begin('a');
    await registry.patch(young, randomBytes(100));
    nowMs += 1;
    await registry.restart();
    while ((await stored('registry/uploads/')) > 1) await tick();
    expect(await status(old)).toBe('404 ');
    expect(await status(young)).toBe('204 0-99');
    expect(await stored('registry/segments/')).toBe(1);
  });

  it('do not take a blob with them whose last steps a crash cut off', async () => {
    const bytes = randomBytes(3 * segmentBytes);
    const location = await registry.begin('a');
    const remove = registry.store.delete.bind(registry.store);
    registry.store.delete = () => Promise.reject(new Error('the process ends here'));
    expect((await registry.finish(location, sha256(bytes), bytes)).status).toBe(500);
    registry.store.delete = remove;
    await registry.restart();
    expect(await status(location)).toBe('404 ');
    nowMs += dayMs + 1;
    await registry.restart();
    while ((await stored('registry/uploads/')) > 0) await tick();
    expect(await blob(sha256(bytes))).toBe(sha256(bytes));
  });
});
