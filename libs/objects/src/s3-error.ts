import { ObjectStoreError } from './object-store';
import { S3ReplyError } from './s3-reply-error';

type Verdict = {
  /** What to do. */
  advice: string;
  /** Whether it can pass without anybody doing anything to Keelson. */
  transient: boolean;
  /** Whether to try again at once, within the same call. */
  retry?: boolean;
};

const badKeys = { advice: 'check the access key and the secret key', transient: false };
const badRegion = { advice: 'set the region that the bucket is in', transient: false };
const full = { advice: 'the object store is full: free some space or raise the quota', transient: true };
/** The bytes of a put are all there before it begins: where the server has fewer, or others, they were lost on the way or by it. */
const cutShort = {
  advice: 'the object did not arrive whole: the connection broke, or the server could not write (is its disk full?)',
  transient: true,
  retry: true,
};
const busy = { advice: 'the object store is busy or starting', transient: true, retry: true };

/** By the code in the reply. */
const byS3Code: Readonly<Record<string, Verdict>> = {
  NoSuchBucket: { advice: 'create the bucket, or correct its name', transient: false },
  InvalidAccessKeyId: badKeys,
  SignatureDoesNotMatch: badKeys,
  AccessDenied: { advice: 'these keys lack the permission for it on this bucket', transient: false },
  AuthorizationHeaderMalformed: badRegion,
  PermanentRedirect: badRegion,
  IllegalLocationConstraintException: badRegion,
  InvalidRegion: badRegion,
  RequestTimeTooSkewed: { advice: "set this machine's clock: it differs from the server's", transient: true },
  XMinioStorageFull: full,
  InsufficientStorage: full,
  QuotaExceeded: full,
  XMinioAdminBucketQuotaExceeded: full,
  EntityTooLarge: { advice: 'the object is larger than this server takes', transient: false },
  IncompleteBody: cutShort,
  ClientDisconnected: cutShort,
  BadDigest: cutShort,
  XAmzContentSHA256Mismatch: cutShort,
  ConditionalRequestConflict: busy,
  OperationAborted: busy,
  RequestTimeout: busy,
  SlowDown: busy,
};

const noTls = {
  advice: 'the server does not speak TLS as we do: is the endpoint http:// or https://?',
  transient: false,
};
const distrusted = { advice: "we do not trust the server's certificate: give its CA file", transient: false };
const gone = { advice: 'the connection broke', transient: true, retry: true };

/** By the code of the error that the connection ended with. */
const byConnection: Readonly<Record<string, Verdict>> = {
  ECONNREFUSED: { advice: 'nobody listens there: is it running?', transient: true, retry: true },
  ENOTFOUND: { advice: 'there is no such host: check the name in the endpoint', transient: true, retry: true },
  EAI_AGAIN: { advice: 'the name in the endpoint cannot be looked up now', transient: true, retry: true },
  EHOSTUNREACH: { advice: 'there is no way to that host', transient: true, retry: true },
  ENETUNREACH: { advice: 'there is no way to that host', transient: true, retry: true },
  ETIMEDOUT: { advice: 'it does not answer', transient: true, retry: true },
  ECONNRESET: gone,
  EPIPE: gone,
  ECONNABORTED: gone,
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  DEPTH_ZERO_SELF_SIGNED_CERT: distrusted,
  SELF_SIGNED_CERT_IN_CHAIN: distrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: distrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: distrusted,
  CERT_HAS_EXPIRED: { advice: "the server's certificate has expired: renew it", transient: false },
  ERR_TLS_CERT_ALTNAME_INVALID: { advice: "the server's certificate is for another host name", transient: false },
};

/** What an error of the client or the server means. */
export function verdictOn(error: unknown): Verdict {
  // MinIO stops before its disk is full, if it notices in time.
  if (error instanceof S3ReplyError && /no space left on device/i.test(error.words)) return full;
  if (error instanceof S3ReplyError) return byS3Code[error.s3Code] ?? verdictOnStatus(error);
  const code = codeOf(error);
  if (code === undefined) return { advice: 'the client refused', transient: false };
  return byConnection[code] ?? { advice: 'the connection failed', transient: true, retry: true };
}

/** The error as the port tells it. @param what what was tried, on which key and bucket */
export function asS3StoreError(error: unknown, what: string): ObjectStoreError {
  if (error instanceof ObjectStoreError) return error;
  const { advice, transient } = verdictOn(error);
  const words = error instanceof Error ? error.message : String(error);
  return new ObjectStoreError(`${what} failed: ${advice} (${words})`, transient, { cause: error });
}

/** By the status alone: a gateway in between has no S3 codes, and new ones appear. */
function verdictOnStatus({ status, words }: S3ReplyError): Verdict {
  if (/HTTP request to an HTTPS server/i.test(words)) return noTls;
  if (status === 401 || status === 403) return { advice: 'access is refused', transient: false };
  if (status === 507) return full;
  if (status === 501) return { advice: 'the server cannot do this', transient: false };
  if (status === 408 || status === 429 || status >= 500) return busy;
  return { advice: 'the server refused', transient: false };
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
