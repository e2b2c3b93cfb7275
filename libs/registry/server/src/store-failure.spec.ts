import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { DirObjectStore, ObjectStoreError } from '@keelson/objects';
import type { ObjectStore } from '@keelson/objects';
import { codes, sha256, temporaryDirectory, TestRegistry } from './testing/test-registry';

const segmentBytes = 64 * 1024;

/** A store that fails its puts while it is told to. */
class FailingStore implements ObjectStore {
  failure: Error | undefined;
  readonly get: ObjectStore['get'];
  readonly head: ObjectStore['head'];
  readonly list: ObjectStore['list'];
  readonly listSegments: ObjectStore['listSegments'];
  readonly delete: ObjectStore['delete'];
  constructor(private readonly inner: ObjectStore) {
    this.get = inner.get.bind(inner);
    this.head = inner.head.bind(inner);
    this.list = inner.list.bind(inner);
    this.listSegments = inner.listSegments.bind(inner);
    this.delete = inner.delete.bind(inner);
  }
  put(...parameters: Parameters<ObjectStore['put']>): ReturnType<ObjectStore['put']> {
    return this.failure ? Promise.reject(this.failure) : this.inner.put(...parameters);
  }
}

describe('the registry on a store that fails', () => {
  let registry: TestRegistry;
  const full = (): Error => {
    const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    return new ObjectStoreError('putting x failed', true, { cause });
  };
  let store: FailingStore;
  let directory: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    store = new FailingStore(await DirObjectStore.open(directory));
    registry = await TestRegistry.start({ store, limits: { segmentBytes } });
  });
  afterEach(async () => {
    await registry.close();
    await rm(directory, { recursive: true });
  });

  it('says when it is full, keeps the upload, and goes on when there is room', async () => {
    const bytes = randomBytes(3 * segmentBytes);
    const location = await registry.begin('a');
    await registry.patch(location, bytes.subarray(0, 1000), 0);
    store.failure = full();
    const answer = await registry.finish(location, sha256(bytes), bytes.subarray(1000));
    expect([answer.status, await answer.text()]).toEqual([507, expect.stringContaining('full')]);
    store.failure = undefined;
    expect((await registry.get(location)).headers.get('range')).toBe('0-999');
    expect((await registry.finish(location, sha256(bytes), bytes.subarray(1000))).status).toBe(201);
    expect(registry.warnings).toEqual([expect.objectContaining({ message: 'a request failed', method: 'PUT' })]);
  });

  it('keeps an upload that has nothing yet, and a manifest can be pushed again', async () => {
    const manifest = await registry.image('a');
    const bytes = randomBytes(10);
    const location = await registry.begin('a');
    store.failure = full();
    expect((await registry.finish(location, sha256(bytes), bytes)).status).toBe(507);
    expect((await registry.putManifest('a/manifests/v1', manifest)).status).toBe(507);
    store.failure = undefined;
    expect((await registry.finish(location, sha256(bytes), bytes)).status).toBe(201);
    expect((await registry.putManifest('a/manifests/v1', manifest)).status).toBe(201);
  });

  it('asks to try again when that can help, and tells nobody else what happened inside', async () => {
    store.failure = new ObjectStoreError('connecting to 10.0.0.1 failed', true);
    const passing = await registry.request('POST', `/v2/a/blobs/uploads/?digest=${sha256(Buffer.from('x'))}`, {
      body: 'x',
    });
    expect([passing.status, passing.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await passing.text()).not.toContain('10.0.0.1');
    store.failure = new Error('a bug at /some/path');
    const bug = await registry.request('POST', `/v2/a/blobs/uploads/?digest=${sha256(Buffer.from('x'))}`, {
      body: 'x',
    });
    expect([bug.status, await codes(bug)]).toEqual([500, ['UNKNOWN']]);
    expect(registry.warnings.map(({ cause }) => cause)).toContain(store.failure);
  });
});
