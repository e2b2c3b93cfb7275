import type { ObjectStore } from '@keelson/objects';

const mebibyte = 1024 * 1024;
const hourMs = 3_600_000;

export type RegistryLimits = {
  /** The largest blob kept as one object; a larger one is cut into segments of this size. */
  segmentBytes: number;
  /** The longest manifest that is taken. */
  manifestBytes: number;
  /** An upload that nobody used for this long is dropped. */
  uploadExpiryMs: number;
  /** How long a client may take for a request's headers. */
  headersTimeoutMs: number;
  /** A connection on which nothing moves for this long during a request is closed. */
  idleTimeoutMs: number;
  /** How long a connection is kept for the next request. */
  keepAliveMs: number;
  /** How long `close` waits for requests under way. */
  closeGraceMs: number;
};

export const defaultLimits: RegistryLimits = {
  segmentBytes: 8 * mebibyte,
  manifestBytes: 4 * mebibyte,
  uploadExpiryMs: 24 * hourMs,
  headersTimeoutMs: 15_000,
  idleTimeoutMs: 120_000,
  keepAliveMs: 75_000,
  closeGraceMs: 5_000,
};

/** Something an operator should know; the request it belongs to has been answered, or there was none. */
export type RegistryWarning = { message: string; method?: string; path?: string; cause?: unknown };

export type RegistryOptions = {
  store: ObjectStore;
  /** Everything lies below this; ends in `/`. Default `registry/`. */
  prefix?: string;
  /** Default 127.0.0.1: nobody but this machine. There are no logins: whoever reaches it may push, and delete. */
  host?: string;
  /** Default 0: any that is free. */
  port?: number;
  /** Whether manifests, tags and blobs can be deleted. Default true. */
  allowDelete?: boolean;
  limits?: Partial<RegistryLimits>;
  onWarning?: (warning: RegistryWarning) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
};
