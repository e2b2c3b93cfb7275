import { randomUUID } from 'node:crypto';
import { Client } from 'minio';
import type { S3Options } from './s3-options';

export type S3Server = { endpoint: string; accessKey: string; secretKey: string; region?: string };

/** Buckets of one suite on one server, with names of their own; `removeAll` takes them away with what is in them. */
export class TestBuckets {
  private readonly names: string[] = [];

  constructor(readonly server: S3Server) {}

  /** Options of a new bucket, which `open` makes. */
  next(options: Partial<S3Options> = {}): S3Options {
    const bucket = `keelson-test-${randomUUID()}`;
    this.names.push(bucket);
    const { endpoint, accessKey, secretKey, region = 'us-east-1' } = this.server;
    return { endpoint, accessKey, secretKey, region, bucket, createBucket: true, ...options };
  }

  /** MinIO removes a bucket that is not empty, when asked so. */
  async removeAll(): Promise<void> {
    const { hostname, port } = new URL(this.server.endpoint);
    const { accessKey, secretKey, region = 'us-east-1' } = this.server;
    const client = new Client({
      endPoint: hostname,
      port: Number(port),
      useSSL: false,
      accessKey,
      secretKey,
      region,
    });
    const headers = { 'x-minio-force-delete': 'true' };
    for (const bucketName of this.names.splice(0)) {
      await client.makeRequestAsyncOmit({ method: 'DELETE', bucketName, headers }, '', [204, 404]);
    }
  }
}
