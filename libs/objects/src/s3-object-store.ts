import { randomUUID } from 'node:crypto';
import { checkByteRange } from './byte-range';
import { checkKey, checkPrefix, checkSegmentPrefix, compareKeys } from './object-key';
import type { ByteRange, ObjectInfo, ObjectStore } from './object-store';
import { S3Bucket } from './s3-bucket';
import type { S3Options } from './s3-options';
import type { UploadGrant, UploadGrantRequest } from './upload-grant';

/**
 * Objects in a bucket of an S3-compatible server, below a prefix of their own. A put is one request, so readers see all of it or
 * nothing. MinIO keeps objects as files and refuses segments above 255 bytes.
 */
export class S3ObjectStore implements ObjectStore {
  private constructor(
    private readonly bucket: S3Bucket,
    /** Empty, or ending in `/`. */
    private readonly prefix: string,
  ) {}

  /** Opens the store, and looks whether its bucket is there and may be read. @throws ObjectStoreError, InvalidKeyError for the prefix */
  static async open(options: S3Options): Promise<S3ObjectStore> {
    const prefix = (options.prefix ?? '').replace(/\/$/, '');
    if (prefix !== '') checkKey(prefix);
    const bucket = new S3Bucket(options);
    await bucket.open();
    return new S3ObjectStore(bucket, prefix === '' ? '' : `${prefix}/`);
  }

  async put(key: string, bytes: Uint8Array, options: { ifAbsent?: boolean } = {}): Promise<'written' | 'exists'> {
    const name = this.nameOf(key);
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const ours = await this.bucket.put(name, buffer, { ifAbsent: options.ifAbsent === true, writer: randomUUID() });
    return ours ? 'written' : 'exists';
  }

  async get(key: string, range: ByteRange = { first: 0 }): Promise<Uint8Array | undefined> {
    checkByteRange(range);
    return this.bucket.get(this.nameOf(key), range);
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    const sizeBytes = await this.bucket.sizeOf(this.nameOf(key));
    return sizeBytes === undefined ? undefined : { key, sizeBytes };
  }

  async *list(prefix: string, options: { after?: string } = {}): AsyncIterable<ObjectInfo> {
    const after = options.after ?? '';
    checkPrefix(prefix);
    checkPrefix(after);
    // Servers differ in what they make of a start outside the prefix.
    const within = after.startsWith(prefix);
    if (!within && compareKeys(after, prefix) > 0) return;
    const listing = { prefix: this.prefix + prefix, delimiter: '' as const, after: within ? this.prefix + after : '' };
    for await (const { objects } of this.bucket.pages(listing)) {
      for (const { key, sizeBytes } of objects) yield { key: key.slice(this.prefix.length), sizeBytes };
    }
  }

  async listSegments(prefix: string): Promise<readonly string[]> {
    checkSegmentPrefix(prefix);
    const segments: string[] = [];
    const whole = this.prefix + prefix;
    for await (const { objects, prefixes } of this.bucket.pages({ prefix: whole, delimiter: '/', after: '' })) {
      for (const name of [...objects.map(({ key }) => key), ...prefixes]) segments.push(name.slice(whole.length));
    }
    return segments.sort(compareKeys);
  }

  async delete(key: string): Promise<void> {
    await this.bucket.remove(this.nameOf(key));
  }

  /** Leave for somebody without keys to upload below one prefix of this store, for a time; see UploadGrant. @throws InvalidKeyError */
  async grantUploads(request: UploadGrantRequest): Promise<UploadGrant> {
    checkSegmentPrefix(request.prefix);
    return this.bucket.grantUploads({ ...request, prefix: this.prefix + request.prefix });
  }

  private nameOf(key: string): string {
    checkKey(key);
    const name = this.prefix + key;
    if (this.prefix !== '') checkKey(name);
    return name;
  }
}
