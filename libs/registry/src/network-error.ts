import { ConnectionLostError, RegistryProtocolError, RegistryUnavailableError } from './registry-errors';

const broken = new Set([
  'ECONNRESET',
  'EPIPE',
  'ECONNABORTED',
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

const unreachable: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
  UND_ERR_DESTROYED: 'the client was closed',
  UND_ERR_CLOSED: 'the client was closed',
};

/** Ways in which a certificate or the TLS handshake fails: no time heals them. */
const tlsFault = /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|ERR_SSL_|EPROTO$|HOSTNAME_MISMATCH)/;
const notHttp = /^(?:HPE_|HTTPParserError$|UND_ERR_HEADERS_OVERFLOW)/;

const ours = [RegistryUnavailableError, RegistryProtocolError];

/** What a failed request means, as one of our errors; the signal's reason when it was aborted. */
export function networkError(error: unknown, what: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (ours.some((kind) => error instanceof kind)) return error;
  const code = codeOf(error);
  const options = { cause: error };
  if (broken.has(code)) return new ConnectionLostError(`${what}: the connection broke`, options);
  if (tlsFault.test(code)) {
    const advice =
      'is its certificate from an authority of your own (caFile), or does it speak plain HTTP (plainHttp)?';
    return new RegistryProtocolError(`${what}: no secure connection (${code}); ${advice}`, options);
  }
  if (notHttp.test(code)) return new RegistryProtocolError(`${what}: the answer is not HTTP (${code})`, options);
  return new RegistryUnavailableError(`${what}: ${unreachable[code] ?? `failed (${code})`}`, options);
}

// Any object that has a code: errors of Node's own need not be of this realm's classes.
function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'unknown';
}
