export type UploadGrantRequest = {
  /** Whole segments, ending in `/`: `artifacts/<run>/1/test/`. */
  prefix: string;
  /** The largest that one uploaded object may be. */
  maxBytes: number;
  expiresInMs: number;
};

/**
 * Leave to store objects below one prefix, for whoever has no keys: a job's pod. Each object is one HTTP POST of
 * `multipart/form-data` to `url` with every field of `fields`, then `key` = `keyPrefix` + its name (segments percent-encoded as
 * everywhere), then `file` with the bytes as the last part; the answer is 204. With curl:
 *
 *     curl --fail-with-body -F policy=... -F x-amz-signature=... -F "key=${keyPrefix}dist%2Fa.tar" -F file=@dist/a.tar "$url"
 *
 * The server refuses another prefix (403), an object above the size (400) and anything after `expiresAt` (403). It does not limit
 * how many objects come, and takes an object again under a key that is already there. The fields are a secret until then: whoever has
 * them can upload. They are good at any address of the same server, so `url` may be changed to the one a pod reaches it by.
 */
export type UploadGrant = {
  url: string;
  fields: Readonly<Record<string, string>>;
  /** What every key must begin with: the bucket's prefix of this store and the prefix that was asked for. */
  keyPrefix: string;
  expiresAt: Date;
};
