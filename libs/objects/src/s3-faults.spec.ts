import { request as ask } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { describeWith, FaultProxy, startHttpFaultProxy, startPrivateMinio } from '@keelson/testbed';
import type { HttpFault, HttpFaultProxy, PrivateMinio } from '@keelson/testbed';
import type { ObjectStore } from './object-store';
import { keys, some, text } from './object-store-harness.contract';
import { TestBuckets } from './s3-harness.contract';
import { S3ObjectStore } from './s3-object-store';
import type { S3Options } from './s3-options';

describeWith(['minio'])('S3ObjectStore on a bad connection', () => {
  let minio: PrivateMinio;
  let tcp: FaultProxy;
  let http: HttpFaultProxy;
  let buckets: TestBuckets;
  beforeAll(async () => {
    minio = await startPrivateMinio();
    tcp = await FaultProxy.start(minio.address);
    http = await startHttpFaultProxy(minio.address);
    buckets = new TestBuckets(minio);
  });
  afterAll(async () => {
    await Promise.all([tcp.close(), http.close()]);
    await minio.server.close();
  });

  let direct: ObjectStore;
  let options: S3Options;
  beforeEach(async () => {
    options = buckets.next();
    direct = await S3ObjectStore.open(options);
    http.fault = undefined;
    tcp.set('pass');
  });
  const through = (proxy: { address: string }, patience: S3Options['patience'] = {}) =>
    S3ObjectStore.open({ ...options, endpoint: `http://${proxy.address}`, maxConnections: 1, patience });

  /** Answers the next requests of a method itself. */
  function answerNext(method: string, answers: readonly HttpFault[]) {
    const left = [...answers];
    http.fault = (request, response) =>
      request.method === method ? (left.shift()?.(request, response) ?? false) : false;
  }
  const answer =
    (status: number, headers: Record<string, string> = {}): HttpFault =>
    (request, response) => {
      request.resume();
      response.writeHead(status, headers).end('<html>a gateway</html>');
      return true;
    };
  const hangUp: HttpFault = (request) => request.socket.destroy() !== undefined;
  /** Lets half of the body through, and the server's own word on that. */
  const passHalf: HttpFault = (request, response) => {
    const [hostname, port] = minio.address.split(':');
    const { method, url: path, headers } = request;
    const half = ask({ hostname, port, method, path, headers, agent: false }, (reply) => {
      response.writeHead(reply.statusCode!, reply.headers);
      reply.pipe(response);
    });
    half.on('error', () => response.destroy());
    request.once('data', (bytes: Buffer) => {
      half.write(bytes.subarray(0, bytes.byteLength / 2), () => half.socket!.end());
      request.resume();
    });
    return true;
  };

  describe('of which the answer to a put is lost', () => {
    async function putWithoutAnswer(content: string, meanwhile: () => Promise<unknown>) {
      const store = await through(tcp);
      tcp.holdReplies();
      const put = store.put('runs/1/end.json', some(content), { ifAbsent: true });
      while ((await direct.head('runs/1/end.json')) === undefined) await setTimeout(10);
      await meanwhile();
      tcp.cut();
      return put;
    }

    it('knows that it was the first writer', async () => {
      expect(await putWithoutAnswer('mine', () => Promise.resolve())).toBe('written');
      expect(text(await direct.get('runs/1/end.json'))).toBe('mine');
    });

    it('does not take the same bytes of another writer for its own', async () => {
      const store = await through(http);
      answerNext('PUT', [hangUp]);
      await direct.put('runs/1/end.json', some('same'));
      expect(await store.put('runs/1/end.json', some('same'), { ifAbsent: true })).toBe('exists');
    });

    it('has one winner among many writers whose connections break', async () => {
      const stores = await Promise.all(Array.from({ length: 8 }, () => through(tcp)));
      const puts = stores.map((store, writer) => store.put('race', some(`writer ${writer}`), { ifAbsent: true }));
      for (let cuts = 0; cuts < 5; cuts += 1) {
        await setTimeout(5);
        tcp.cut();
      }
      const results = await Promise.all(puts);
      expect(results.filter((result) => result === 'written')).toHaveLength(1);
      expect(text(await direct.get('race'))).toBe(`writer ${results.indexOf('written')}`);
    });
  });

  it.each([
    ['500', answer(500)],
    ['502', answer(502)],
    ['503', answer(503)],
    ['429', answer(429)],
    ['a broken connection', hangUp],
  ])('tries again after %s', async (_what, fault) => {
    const store = await through(http);
    answerNext('PUT', [fault, fault]);
    expect(await store.put('a/b', some('x'), { ifAbsent: true })).toBe('written');
    answerNext('GET', [fault, fault]);
    expect(text(await store.get('a/b'))).toBe('x');
    answerNext('GET', [fault, fault]);
    expect(await keys(store.list(''))).toEqual(['a/b']);
    answerNext('HEAD', [fault, fault]);
    expect(await store.head('a/b')).toEqual({ key: 'a/b', sizeBytes: 1 });
    answerNext('DELETE', [fault, fault]);
    await store.delete('a/b');
    expect(await direct.head('a/b')).toBeUndefined();
  });

  it('puts again what the server was given half of, or stopped taking', async () => {
    const store = await through(http, { maxTries: 2, pauseMs: 10 });
    answerNext('PUT', [passHalf]);
    expect(await store.put('a/b', some('whole'), { ifAbsent: true })).toBe('written');
    expect(text(await direct.get('a/b'))).toBe('whole');
    answerNext('PUT', [passHalf, passHalf]);
    const put = store.put('a/c', some('whole'));
    await expect(put).rejects.toMatchObject({ code: 'object-store', transient: true });
    await expect(put).rejects.toThrow(/a\/c .*did not arrive whole.*disk full/);
    expect(await direct.head('a/c')).toBeUndefined();
  });

  it('gives up after a few tries, says what it last heard, and leaves trying to the caller', async () => {
    const store = await through(http, { maxTries: 3, pauseMs: 10 });
    http.seen.length = 0;
    http.fault = answer(503);
    const put = store.put('a/b', some('x'));
    await expect(put).rejects.toMatchObject({ code: 'object-store', transient: true });
    await expect(put).rejects.toThrow(/storing the object a\/b in the bucket .*busy or starting \(503\)/);
    expect(http.seen).toHaveLength(3);
  });

  it('waits as long as the server asks for', async () => {
    const store = await through(http);
    answerNext('PUT', [answer(503, { 'retry-after': '1' })]);
    const before = performance.now();
    await store.put('a/b', some('x'));
    expect(performance.now() - before).toBeGreaterThan(990);
  });

  it('reads an object again when the connection breaks in the middle of it', async () => {
    const bytes = Buffer.alloc(4 * 1024 * 1024, 7);
    await direct.put('large', bytes);
    const store = await through(http);
    answerNext('GET', [
      (_request, response) => {
        response.writeHead(200, { 'content-length': String(bytes.byteLength) });
        response.write(bytes.subarray(0, 1_000_000), () => response.destroy());
        return true;
      },
    ]);
    expect(bytes.equals((await store.get('large'))!)).toBe(true);
  });

  it('ends a request that hangs, and says so', async () => {
    const store = await through(tcp, { idleTimeoutMs: 2_000, maxTries: 2, pauseMs: 10 });
    tcp.set('hold');
    const put = store.put('a/b', some('x'));
    await expect(put).rejects.toMatchObject({ transient: true });
    await expect(put).rejects.toThrow(/a\/b.*does not answer/);
    await expect(store.get('a/b')).rejects.toThrow(/does not answer/);
    await expect(keys(store.list(''))).rejects.toThrow(/does not answer/);
    tcp.set('pass');
    const patient = await through(tcp);
    await patient.put('a/c', some('y'));
    expect(text(await patient.get('a/c'))).toBe('y');
  });

  it('goes on over a restart of the server, and loses nothing it confirmed', async () => {
    const store = await S3ObjectStore.open({ ...options, patience: { maxTries: 1_000, giveUpAfterMs: 100_000 } });
    const written: string[] = [];
    let going = true;
    const eightMore = async () => {
      for (const before = written.length; written.length < before + 8;) await setTimeout(10);
    };
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; going; number += 1) {
        const key = `logs/${writer}/${String(number).padStart(6, '0')}`;
        expect(await store.put(key, some(key), { ifAbsent: true })).toBe('written');
        written.push(key);
        await setTimeout(5);
      }
    });
    for (const end of ['kill', 'stop'] as const) {
      await eightMore();
      await minio.server[end]();
      await setTimeout(100);
      await minio.server.start();
    }
    await eightMore();
    going = false;
    await Promise.all(writers);
    expect(await keys(store.list('logs/'))).toEqual(written.sort());
  });
});
