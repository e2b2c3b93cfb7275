import type { S3Patience } from './s3-retry';
import type { S3Limits } from './s3-transport';

export type S3Options = {
  /** `http://host:port` or `https://host:port`; buckets are addressed by path. */
  endpoint: string;
  bucket: string;
  /** Whole segments, `ci/keelson`: all keys of this store lie below it, so that a bucket can be shared. */
  prefix?: string;
  /** `us-east-1` when absent, as MinIO and most others take it. */
  region?: string;
  accessKey: string;
  secretKey: string;
  /** A PEM file of the authority to trust instead of the system's. */
  caFile?: string;
  /** Make the bucket when it is not there. Otherwise that is an error. */
  createBucket?: boolean;
  /** Requests at once; more of them wait. */
  maxConnections?: number;
  /** How long to wait and how often to try, where the defaults do not fit. */
  patience?: Partial<S3Limits & S3Patience>;
};

/** Together 8 tries within half a minute, with pauses of 8 to 16 s in all: a server that restarts is waited for. */
export const defaultPatience: S3Limits & S3Patience = {
  idleTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  maxTries: 8,
  giveUpAfterMs: 30_000,
  pauseMs: 250,
  maxPauseMs: 4_000,
};
