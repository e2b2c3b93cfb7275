/** What an S3-compatible server answered instead of what was asked for. Holds no header of the request: that has the signature. */
export class S3ReplyError extends Error {
  readonly code = 's3-reply';
  override readonly name = 'S3ReplyError';
  readonly status: number;
  /** `NoSuchBucket`; empty when the reply names none. */
  readonly s3Code: string;
  /** The server's own words, at most 300 characters. */
  readonly words: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(reply: { status: number; s3Code: string; words: string; retryAfterMs: number | undefined }) {
    super(
      `${reply.status}${reply.s3Code === '' ? '' : ` ${reply.s3Code}`}${reply.words === '' ? '' : `: ${reply.words}`}`,
    );
    this.status = reply.status;
    this.s3Code = reply.s3Code;
    this.words = reply.words;
    this.retryAfterMs = reply.retryAfterMs;
  }
}

const maxWords = 300;

/** Reads an error reply: XML with a code and a message, or, as HEAD has no body, MinIO's headers. */
export function replyError(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: string,
): S3ReplyError {
  const header = (name: string) => [headers[name]].flat()[0] ?? '';
  const s3Code = element(body, 'Code') ?? header('x-minio-error-code');
  // A proxy in between answers in plain text or HTML.
  const plain = body.startsWith('<') ? '' : body.trim();
  const words = element(body, 'Message') ?? (header('x-minio-error-desc').replaceAll('"', '') || plain);
  const seconds = Number.parseInt(header('retry-after'), 10);
  const retryAfterMs = seconds > 0 ? seconds * 1_000 : undefined;
  return new S3ReplyError({ status, s3Code, words: words.slice(0, maxWords), retryAfterMs });
}

/** The text of the first element of that name; undefined when there is none. */
export function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return found === undefined ? undefined : unescapeXml(found);
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescapeXml = (text: string): string =>
  text.replace(/&(#x?[\da-fA-F]+|[a-z]+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return entities[name] ?? whole;
    return String.fromCodePoint(Number(name.replace('#x', '0x').replace('#', '')));
  });
