import { describeOn, servers } from '@keelson/testbed';
import { describeObjectStore } from './object-store.contract';
import { TestBuckets } from './s3-harness.contract';
import { S3ObjectStore } from './s3-object-store';

describeOn(['s3'])('S3ObjectStore', () => {
  const buckets = new TestBuckets(servers.s3);
  afterAll(() => buckets.removeAll());
  describeObjectStore('a bucket', () => S3ObjectStore.open(buckets.next()));
});
