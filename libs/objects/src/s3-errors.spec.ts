import { setTimeout } from 'node:timers/promises';
import { describeWith, freePort, smallDisk, startHttpFaultProxy, startPrivateMinio, testWhere } from '@keelson/testbed';
import type { PrivateMinio } from '@keelson/testbed';
import { InvalidKeyError, ObjectStoreError } from './object-store';
import { keys, some, text } from './object-store-harness.contract';
import { TestBuckets } from './s3-harness.contract';
import { S3ObjectStore } from './s3-object-store';
import type { S3Options } from './s3-options';

const impatient = { maxTries: 2, pauseMs: 10 };

/** The error of opening a store, which must hold no secret. */
async function refusal(options: S3Options): Promise<ObjectStoreError> {
  const error: unknown = await S3ObjectStore.open({ patience: impatient, ...options }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ObjectStoreError);
  expect(JSON.stringify([String(error), (error as Error).cause, (error as Error).stack])).not.toContain(
    options.secretKey,
  );
  return error as ObjectStoreError;
}

describeWith(['minio'])('S3ObjectStore', () => {
  let minio: PrivateMinio;
  let buckets: TestBuckets;
  beforeAll(async () => {
    minio = await startPrivateMinio({ region: 'eu-test-1' });
    buckets = new TestBuckets({ ...minio, region: 'eu-test-1' });
  });
  afterAll(() => minio.server.close());
  const next = (options?: Partial<S3Options>) => buckets.next(options);

  describe('tells what is wrong:', () => {
    it.each([
      ['a bucket that is not there', { createBucket: false }, /keelson-test-.*create the bucket.*NoSuchBucket/],
      ['an unknown access key', { accessKey: 'nobody' }, /check the access key.*InvalidAccessKeyId/],
      ['a wrong secret key', { secretKey: 'a wrong secret' }, /check the access key.*SignatureDoesNotMatch/],
      ['a wrong region', { region: 'us-east-1' }, /set the region.*eu-test-1/],
      ['a bucket name that is none', { bucket: 'No Bucket' }, /No Bucket/],
      ['an address that is none', { endpoint: 'minio:9000' }, /minio:9000 is not of the form http/],
      ['an address with a path', { endpoint: 'http://127.0.0.1:9000/bucket' }, /is not of the form http/],
      ['TLS to a server without it', { endpoint: 'https://127.0.0.1:PORT' }, /http:\/\/ or https:\/\//],
    ])('%s', async (_what, wrong: Partial<S3Options>, words) => {
      const options = next(wrong);
      const error = await refusal({ ...options, endpoint: options.endpoint.replace('127.0.0.1:PORT', minio.address) });
      expect(error.message).toMatch(words);
      expect(error.transient).toBe(false);
    });

    it('keys in the address, without repeating them', async () => {
      const error = await refusal(next({ endpoint: 'http://user:hidden-word@127.0.0.1:9000' }));
      expect(error.message).not.toContain('hidden-word');
    });

    it.each([
      ['nobody listens', async () => `http://127.0.0.1:${await freePort()}`, /nobody listens there/],
      ['there is no such host', () => Promise.resolve('http://no-such-host.invalid:9000'), /no such host|looked up/],
    ])('%s', async (_what, endpoint, words) => {
      const error = await refusal(next({ endpoint: await endpoint() }));
      expect(error.message).toMatch(words);
      expect(error.transient).toBe(true);
    });

    it('a clock that differs', async () => {
      // MinIO judges by the date that is signed: hold the request back in the client's past.
      const options = next();
      jest.useFakeTimers({
        now: Date.now() - 3_600_000,
        doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'performance'],
      });
      try {
        const error = await refusal(options);
        expect(error.message).toMatch(/clock.*RequestTimeTooSkewed/);
        expect(error.transient).toBe(true);
      } finally {
        jest.useRealTimers();
      }
    });

    it('a bucket that went away', async () => {
      const options = next();
      const store = await S3ObjectStore.open(options);
      await store.put('a', some('x'));
      await buckets.removeAll();
      const calls = [
        () => store.put('b', some('x')),
        () => store.get('a'),
        () => store.delete('a'),
        () => keys(store.list('')),
        () => store.head('a'),
      ];
      for (const call of calls) await expect(call()).rejects.toThrow(/NoSuchBucket/);
    });

    it('a gateway that answers in its own words', async () => {
      const gateway = await startHttpFaultProxy();
      gateway.fault = (_request, response) => {
        response.writeHead(403, { 'content-type': 'text/plain' }).end('not from your network');
        return true;
      };
      const error = await refusal(next({ endpoint: `http://${gateway.address}` }));
      expect(error.message).toMatch(/access is refused \(403: not from your network\)/);
      await gateway.close();
    });

    it('a key that the server cannot keep', async () => {
      const store = await S3ObjectStore.open(next());
      const put = store.put(`a/${'x'.repeat(300)}`, some('x'));
      await expect(put).rejects.toMatchObject({ transient: false, code: 'object-store' });
    });
  });

  it('shares a bucket with others, each below its prefix', async () => {
    const options = next();
    const [one, two] = await Promise.all(
      ['teams/one', 'teams/one-more/'].map((prefix) => S3ObjectStore.open({ ...options, prefix })),
    );
    await one!.put('a/b', some('1'));
    await two!.put('a/b', some('2'));
    await two!.put('a/c', some('2'));
    expect(await keys(one!.list(''))).toEqual(['a/b']);
    expect(await keys(two!.list('a/', { after: 'a/b' }))).toEqual(['a/c']);
    expect(await two!.listSegments('')).toEqual(['a/']);
    expect(await one!.put('a/b', some('x'), { ifAbsent: true })).toBe('exists');
    await two!.delete('a/b');
    expect(text(await one!.get('a/b'))).toBe('1');
    await expect(one!.put('x'.repeat(1_020), some('x'))).rejects.toThrow(InvalidKeyError);
    await expect(S3ObjectStore.open({ ...options, prefix: '../other' })).rejects.toThrow(InvalidKeyError);
  });

  it('keeps the names apart that look like numbers', async () => {
    const store = await S3ObjectStore.open(next());
    const names = ['000001', '0x1F', '1', '1.0', '1e3', 'null', 'true'];
    for (const name of names) await store.put(name, some(name));
    expect(await keys(store.list(''))).toEqual(names);
  });

  it('may be opened twice at once with a bucket to make', async () => {
    const options = next();
    await Promise.all(Array.from({ length: 5 }, () => S3ObjectStore.open(options)));
  });

  it('is as fast with many small objects as kept connections allow', async () => {
    const proxy = await startHttpFaultProxy(minio.address);
    const store = await S3ObjectStore.open(next({ endpoint: `http://${proxy.address}`, maxConnections: 8 }));
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, number) => store.put(`${round}/${number}`, some('x'))));
    }
    // One for each of the 8 connections, and some that the server was quicker to close.
    expect(proxy.connections).toBeLessThan(100);
    await proxy.close();
  });
});

describeWith(['minio'])('S3ObjectStore over TLS', () => {
  it('trusts the CA file it is given, and nothing else', async () => {
    const minio = await startPrivateMinio({ tls: true });
    try {
      const options = new TestBuckets(minio).next();
      const error = await refusal(options);
      expect(error.message).toMatch(/certificate.*CA file/);
      expect(error.transient).toBe(false);
      const store = await S3ObjectStore.open({ ...options, caFile: minio.caFile! });
      await store.put('a/b', some('over TLS'), { ifAbsent: true });
      expect(await store.put('a/b', some('again'), { ifAbsent: true })).toBe('exists');
      expect(text(await store.get('a/b'))).toBe('over TLS');
      expect((await refusal({ ...options, endpoint: options.endpoint.replace('https', 'http') })).message).toMatch(
        /http:\/\/ or https:\/\//,
      );
      expect((await refusal({ ...options, caFile: '/no/such/ca.pem' })).message).toMatch(/\/no\/such\/ca\.pem/);
    } finally {
      await minio.server.close();
    }
  });
});

const { directory: disk, missing, remove } = smallDisk('64m');
afterAll(remove);

describeWith(['minio'])('S3ObjectStore on a full server', () => {
  testWhere(missing)('says so, keeps what is there, and goes on when there is space again', async () => {
    const minio = await startPrivateMinio({ dataDirectory: disk });
    try {
      const store = await S3ObjectStore.open({ ...new TestBuckets(minio).next(), patience: impatient });
      const part = Buffer.alloc(8 * 1024 * 1024, 7);
      let stored = 0;
      const fill = async () => {
        for (; stored < 20; stored += 1) await store.put(`fill/${stored}`, part);
      };
      const refused = () => fill().catch((error: unknown) => error as ObjectStoreError) as Promise<ObjectStoreError>;
      let full = await refused();
      // A write that met the end of the disk may be told as a body cut short; the next ones know.
      for (let tries = 0; /did not arrive whole/.test(full.message) && tries < 20; tries += 1) full = await refused();
      expect(full.message).toMatch(new RegExp(`fill/${stored} .*is full: free some space`));
      expect(full).toMatchObject({ code: 'object-store', transient: true });
      expect(part.equals((await store.get('fill/0'))!)).toBe(true);
      for (let number = 0; number < stored; number += 1) await store.delete(`fill/${number}`);
      // MinIO looks at its disk once a second.
      const after = () => store.put('after', some('x')).catch(() => setTimeout(500, 'full'));
      let last = await after();
      for (let tries = 0; last === 'full' && tries < 20; tries += 1) last = await after();
      expect(last).toBe('written');
    } finally {
      await minio.server.close();
    }
  });
});
