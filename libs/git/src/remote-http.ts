import { EnvHttpProxyAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import type { Credentials } from './credentials';
import type { HostBudget } from './host-budget';
import { RemoteUnavailableError } from './remote-errors';
import type { UrlCredentials } from './url-credentials';

export type RemoteHttpOptions = {
  budget: HostBudget;
  credentials: Credentials;
  /** For one request, from start to end. */
  timeoutMs: number;
  /** Of an answer. */
  maxBytes: number;
};

export type HttpRequest = {
  method: 'GET' | 'POST';
  url: URL;
  headers: Readonly<Record<string, string>>;
  body?: string;
};

export type HttpAnswer = { status: number; headers: Dispatcher.ResponseData['headers']; body: Buffer };

const connectTimeoutMs = 10_000;
const keepAliveMs = 60_000;

/** The certificate is one that git's own configuration may know better. */
export class CertificateError extends RemoteUnavailableError {}

/** Requests to git servers: one keep-alive agent, one budget per host, no redirects followed by itself. */
export class RemoteHttp {
  readonly #agent: Dispatcher;

  constructor(private readonly options: RemoteHttpOptions) {
    const connection = {
      connect: { timeout: connectTimeoutMs },
      keepAliveTimeout: keepAliveMs,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
    };
    // Behaves as a plain agent where the environment names no proxy.
    this.#agent = new EnvHttpProxyAgent(connection);
  }

  /**
   * Sends with the credentials that are known, and once more with those that can be found when the remote asks for them.
   * @param repository the URL that credentials belong to
   * @returns the answer, 401 included when there are no credentials or they were refused
   * @throws RemoteUnavailableError
   */
  async send(sent: HttpRequest, repository: string, signal?: AbortSignal): Promise<HttpAnswer> {
    const { credentials } = this.options;
    const known = credentials.known(repository);
    const first = await this.#exchange(sent, known, signal);
    if (first.status !== 401) return first;
    if (known !== undefined) await credentials.refused(repository, known, signal);
    const found = await credentials.find(repository, signal);
    if (found === undefined || found === known) return first;
    const second = await this.#exchange(sent, found, signal);
    if (second.status === 401) await credentials.refused(repository, found, signal);
    else if (second.status < 400) await credentials.accepted(repository, found, signal);
    return second;
  }

  /** Closes idle connections and refuses more requests. May be called twice. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #exchange(sent: HttpRequest, credentials: UrlCredentials | undefined, signal?: AbortSignal): Promise<HttpAnswer> {
    const authorization = credentials === undefined ? {} : { authorization: credentials.basicAuthorization() };
    const headers = { 'user-agent': 'git/keelson', 'accept-encoding': 'identity', ...sent.headers, ...authorization };
    return this.options.budget.use(
      sent.url.host,
      () => this.#once({ ...sent, headers }, { retry: true, signal }),
      signal,
    );
  }

  async #once(sent: HttpRequest, { retry, signal }: Attempt): Promise<HttpAnswer> {
    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    const both = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    try {
      const answer = await request(sent.url, {
        method: sent.method,
        headers: sent.headers,
        body: sent.body ?? null,
        dispatcher: this.#agent,
        signal: both,
      });
      return { status: answer.statusCode, headers: answer.headers, body: await this.#read(sent.url, answer.body) };
    } catch (cause) {
      signal?.throwIfAborted();
      // The server closed the connection just when we used it again: nothing was asked yet.
      if (retry && connectionLost(cause)) return this.#once(sent, { retry: false, signal });
      throw unavailable(sent.url, cause, timeout.aborted);
    }
  }

  async #read(url: URL, body: AsyncIterable<unknown>): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      size += (chunk as Buffer).length;
      if (size > this.options.maxBytes) {
        throw new RemoteUnavailableError(`${url.origin} answered with more than ${this.options.maxBytes} bytes`);
      }
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  }
}

type Attempt = { retry: boolean; signal: AbortSignal | undefined };

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException | undefined)?.code ?? '');

const connectionLost = (error: unknown): boolean => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));

function unavailable(url: URL, cause: unknown, timedOut: boolean): Error {
  if (cause instanceof RemoteUnavailableError) return cause;
  const code = codeOf(cause);
  const why = timedOut ? 'no answer in time' : code || (cause as Error).message;
  const Kind = /CERT|SIGNATURE|ISSUER|ERR_TLS/.test(code) ? CertificateError : RemoteUnavailableError;
  return new Kind(`${url.origin} cannot be reached: ${why}`, { cause });
}
