import { buffer, text } from 'node:stream/consumers';
import { Client } from 'minio';
import type { ByteRange } from './object-store';
import { ObjectStoreError } from './object-store';
import { asS3StoreError } from './s3-error';
import { parsePage } from './s3-listing';
import type { S3Page } from './s3-listing';
import { defaultPatience } from './s3-options';
import type { S3Options } from './s3-options';
import { S3ReplyError } from './s3-reply-error';
import { retrying } from './s3-retry';
import { s3Agent, s3Transport } from './s3-transport';
import type { UploadGrant, UploadGrantRequest } from './upload-grant';

/** Above this the client would send parts, and the condition of a put would not cover them: S3 takes no larger object in one request. */
const maxObjectBytes = 5 * 1024 ** 3;

/** A request with a body larger than this is not sent only to hear that the object exists. */
const lookFirstBytes = 128 * 1024;

/** Names the put that wrote an object, so that a writer whose answer was lost can tell its own object from another's. */
const writerHeader = 'x-amz-meta-keelson-put';

/**
 * One bucket of an S3-compatible server. Uses PUT, GET, HEAD, DELETE, ListObjectsV2 and If-None-Match, nothing else, so that any of
 * them will do. Every request is tried again within bounds; what fails is told as ObjectStoreError. Keys are whole here.
 */
export class S3Bucket {
  private readonly client: Client;
  private readonly patience: typeof defaultPatience;
  /** For messages: `the bucket NAME at ENDPOINT`. */
  readonly place: string;

  constructor(private readonly options: S3Options) {
    const url = parseEndpoint(options.endpoint);
    const secure = url.protocol === 'https:';
    this.patience = { ...defaultPatience, ...options.patience };
    this.place = `the bucket ${options.bucket} at ${url.origin}`;
    this.client = new Client({
      endPoint: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(url.port) || (secure ? 443 : 80),
      useSSL: secure,
      accessKey: options.accessKey,
      secretKey: options.secretKey,
      region: options.region ?? 'us-east-1',
      pathStyle: true,
      partSize: maxObjectBytes,
      retryOptions: { disableRetry: true },
      transport: s3Transport(secure, this.patience),
      transportAgent: s3Agent(secure, {
        maxConnections: options.maxConnections ?? 64,
        ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
      }),
    });
  }

  /** Lists one object: so the address, the keys, the region and the clock are known to be good. Makes the bucket if that is asked for. */
  async open(): Promise<void> {
    const look = () => this.list({ prefix: '', delimiter: '', maxKeys: 1 });
    await this.telling(`opening ${this.place}`, async () => {
      try {
        await look();
      } catch (error) {
        if (this.options.createBucket !== true || !isReply(error, 'NoSuchBucket')) throw error;
        await this.create();
        await look();
      }
    });
  }

  /** @returns whether the object is ours now; false only with `ifAbsent` */
  async put(key: string, bytes: Buffer, { ifAbsent, writer }: { ifAbsent: boolean; writer: string }): Promise<boolean> {
    const headers = { [writerHeader]: writer, ...(ifAbsent ? { 'If-None-Match': '*' } : {}) };
    return this.telling(`storing the object ${key} in ${this.place}`, () =>
      retrying(this.patience, async (tries) => {
        if (ifAbsent && (tries > 0 || bytes.byteLength > lookFirstBytes)) {
          const present = await this.writerOf(key);
          if (present !== undefined) return present === writer;
        }
        try {
          await this.client.putObject(this.options.bucket, key, bytes, bytes.byteLength, headers);
          return true;
        } catch (error) {
          if (!ifAbsent || !(error instanceof S3ReplyError) || error.status !== 412) throw error;
          // After a try whose answer was lost, it may be our own object that is in the way.
          return tries > 0 && (await this.writerOf(key)) === writer;
        }
      }),
    );
  }

  /** The bytes, or those of a range; undefined when there is no such object. */
  async get(key: string, { first, last }: ByteRange): Promise<Buffer | undefined> {
    const length = last === undefined ? 0 : last - first + 1;
    return this.asking(`reading the object ${key} in ${this.place}`, async () => {
      try {
        return await buffer(await this.client.getPartialObject(this.options.bucket, key, first, length));
      } catch (error) {
        // The range starts at or behind the end.
        if (error instanceof S3ReplyError && error.status === 416) return Buffer.alloc(0);
        throw error;
      }
    });
  }

  /** Undefined when there is no such object. */
  async sizeOf(key: string): Promise<number | undefined> {
    const found = await this.asking(`looking up the object ${key} in ${this.place}`, () =>
      this.client.statObject(this.options.bucket, key),
    );
    return found?.size;
  }

  async remove(key: string): Promise<void> {
    await this.asking(`deleting the object ${key} in ${this.place}`, () =>
      this.client.removeObject(this.options.bucket, key),
    );
  }

  /** Every page of a listing, in order. */
  async *pages(listing: { prefix: string; delimiter: '' | '/'; after: string }): AsyncIterable<S3Page> {
    let next: string | undefined;
    do {
      const page: S3Page = await this.telling(`listing the objects ${listing.prefix}* in ${this.place}`, () =>
        this.list({ ...listing, maxKeys: 1_000, ...(next === undefined ? {} : { next }) }),
      );
      yield page;
      next = page.next;
    } while (next !== undefined);
  }

  /** See UploadGrant. Asks the server nothing. */
  async grantUploads({ prefix, maxBytes, expiresInMs }: UploadGrantRequest): Promise<UploadGrant> {
    const expiresAt = new Date(Date.now() + expiresInMs);
    const policy = this.client.newPostPolicy();
    policy.setBucket(this.options.bucket);
    policy.setKeyStartsWith(prefix);
    policy.setContentLengthRange(0, maxBytes);
    policy.setExpires(expiresAt);
    const { postURL, formData } = await this.client.presignedPostPolicy(policy);
    const fields = Object.fromEntries(
      Object.entries(formData as Record<string, string>).filter(([name]) => name !== 'key'),
    );
    return { url: postURL, fields, keyPrefix: prefix, expiresAt };
  }

  private async create(): Promise<void> {
    try {
      await retrying(this.patience, () => this.client.makeBucket(this.options.bucket));
    } catch (error) {
      // Another process was quicker.
      if (!isReply(error, 'BucketAlreadyOwnedByYou')) throw error;
    }
  }

  private async writerOf(key: string): Promise<string | undefined> {
    const found = await this.unlessAbsent(() => this.client.statObject(this.options.bucket, key));
    return found === undefined ? undefined : String(found.metaData[writerHeader.slice('x-amz-meta-'.length)] ?? '');
  }

  private list(page: {
    prefix: string;
    delimiter: '' | '/';
    maxKeys: number;
    after?: string;
    next?: string;
  }): Promise<S3Page> {
    const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', prefix: page.prefix });
    query.set('max-keys', String(page.maxKeys));
    if (page.delimiter !== '') query.set('delimiter', page.delimiter);
    if (page.next !== undefined) query.set('continuation-token', page.next);
    else if (page.after !== undefined && page.after !== '') query.set('start-after', page.after);
    query.sort();
    // What is signed has %20 for a space.
    const asked = { method: 'GET', bucketName: this.options.bucket, query: query.toString().replaceAll('+', '%20') };
    return retrying(this.patience, async () => parsePage(await text(await this.client.makeRequestAsync(asked))));
  }

  /** Undefined when there is no such object; a missing bucket is an error all the same. */
  private async unlessAbsent<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof S3ReplyError && error.status === 404 && error.s3Code !== 'NoSuchBucket') return undefined;
      throw error;
    }
  }

  private asking<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    return this.telling(what, () => this.unlessAbsent(() => retrying(this.patience, work)));
  }

  private async telling<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asS3StoreError(error, what);
    }
  }
}

const isReply = (error: unknown, s3Code: string): boolean => error instanceof S3ReplyError && error.s3Code === s3Code;

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url?.username !== '' || url.password !== '') throw badEndpoint('the S3 endpoint');
  if (!/^https?:$/.test(url.protocol) || url.pathname !== '/') throw badEndpoint(`the S3 endpoint ${endpoint}`);
  return url;
}

const badEndpoint = (what: string) =>
  new ObjectStoreError(`${what} is not of the form http://host:port or https://host:port`, false);
