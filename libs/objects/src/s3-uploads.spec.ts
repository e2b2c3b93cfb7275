import { describeOn, servers } from '@keelson/testbed';
import { InvalidKeyError } from './object-store';
import { keys, some, text } from './object-store-harness.contract';
import { TestBuckets } from './s3-harness.contract';
import { S3ObjectStore } from './s3-object-store';
import type { UploadGrant } from './upload-grant';

describeOn(['s3'])('uploads that S3ObjectStore grants', () => {
  const buckets = new TestBuckets(servers.s3);
  afterAll(() => buckets.removeAll());

  let store: S3ObjectStore;
  let grant: UploadGrant;
  beforeAll(async () => {
    store = await S3ObjectStore.open(buckets.next({ prefix: 'ci/one' }));
    grant = await store.grantUploads({ prefix: 'artifacts/run/1/', maxBytes: 1_000, expiresInMs: 600_000 });
  });

  async function upload(key: string, content: string, { url, fields }: UploadGrant = grant) {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    form.set('key', key);
    form.set('file', new Blob([content]));
    const reply = await fetch(url, { method: 'POST', body: form });
    return { status: reply.status, answer: await reply.text() };
  }

  it('arrive in the store, under the prefix that was asked for', async () => {
    expect(grant.keyPrefix).toBe('ci/one/artifacts/run/1/');
    expect(await upload(`${grant.keyPrefix}dist%2Fa b.tar`, 'content')).toEqual({ status: 204, answer: '' });
    expect(await keys(store.list('artifacts/'))).toEqual(['artifacts/run/1/dist%2Fa b.tar']);
    expect(text(await store.get('artifacts/run/1/dist%2Fa b.tar'))).toBe('content');
  });

  it('are refused under any other key', async () => {
    await store.put('runs/1/plan.json', some('the plan'));
    for (const key of ['ci/one/runs/1/plan.json', 'ci/one/artifacts/run/10/x', 'x', 'ci/one/artifacts/run/1/../../x']) {
      expect((await upload(key, 'forged')).status).toBeGreaterThanOrEqual(400);
    }
    expect(text(await store.get('runs/1/plan.json'))).toBe('the plan');
    expect(await keys(store.list('artifacts/run/10/'))).toEqual([]);
  });

  it('are refused above the size', async () => {
    expect((await upload(`${grant.keyPrefix}large`, 'x'.repeat(1_001))).answer).toMatch(/EntityTooLarge/);
    expect(await store.head('artifacts/run/1/large')).toBeUndefined();
  });

  it('are refused when the time is over', async () => {
    const short = await store.grantUploads({ prefix: 'artifacts/run/2/', maxBytes: 1_000, expiresInMs: -1_000 });
    expect((await upload(`${short.keyPrefix}late`, 'x', short)).status).toBe(403);
    expect(await store.head('artifacts/run/2/late')).toBeUndefined();
  });

  it('are refused with a policy that was changed', async () => {
    const policy = Buffer.from(grant.fields['policy']!, 'base64').toString().replace('run/1/', 'run/3/');
    const forged = { ...grant, fields: { ...grant.fields, policy: Buffer.from(policy).toString('base64') } };
    expect((await upload('ci/one/artifacts/run/3/x', 'x', forged)).answer).toMatch(/SignatureDoesNotMatch/);
  });

  it('give away no secret key', () => {
    expect(JSON.stringify(grant)).not.toContain(servers.s3.secretKey);
  });

  it('want a prefix of whole segments', async () => {
    await expect(store.grantUploads({ prefix: 'artifacts', maxBytes: 1, expiresInMs: 1 })).rejects.toThrow(
      InvalidKeyError,
    );
  });
});
