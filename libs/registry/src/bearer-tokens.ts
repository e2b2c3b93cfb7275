import { z } from 'zod';
import type { AuthChallenge } from './auth-challenge';
import type { Clock } from './clock';
import type { Credential } from './credentials';
import { discard, exchange, shownUrl } from './http-exchange';
import type { HttpReply, HttpRequest } from './http-exchange';
import { formatRepository } from './image-reference';
import type { Repository } from './image-reference';
import { RegistryAuthError, RegistryProtocolError, RegistryUnavailableError } from './registry-errors';
import type { RegistryHost } from './registry-host';
import { readJson } from './reply-body';

/** What a token is asked for: `scopes` as in `repository:team/widget:pull,push`. */
export type TokenRequest = {
  host: RegistryHost;
  challenge: AuthChallenge & { scheme: 'bearer' };
  scopes: readonly string[];
  credential: Credential | undefined;
  /** For messages. */
  target: Repository;
  /** Called for each request that leaves. */
  onRequest: () => void;
};

// https://distribution.github.io/distribution/spec/auth/token/ : either name, 60 seconds when it does not say.
const tokenText = z.string().regex(/^[\x21-\x7e]*$/, 'no text for a header');
const tokenReply = z.object({
  token: tokenText.optional(),
  access_token: tokenText.optional(),
  expires_in: z.number().positive().optional(),
});

const defaultLifeSeconds = 60;
const maxTokens = 1000;
const limits = { maxBytes: 1024 * 1024 };

type Kept = { token: Promise<string>; value?: string; validUntilMs: number };

/** Bearer tokens by realm, service and scopes, each fetched once and kept until it is about to expire. */
export class BearerTokens {
  private readonly kept = new Map<string, Kept>();

  constructor(
    private readonly clock: Clock,
    private readonly settings: { wholeMs: number; userAgent: string },
  ) {}

  /** @throws RegistryAuthError, RegistryUnavailableError, RegistryProtocolError, or the signal's reason */
  async get(request: TokenRequest, signal: AbortSignal): Promise<string> {
    const kept = this.kept.get(keyOf(request));
    if (kept !== undefined && this.clock.nowMs() < kept.validUntilMs) return orAborted(kept.token, signal);
    return orAborted(this.fetchAndKeep(request), signal);
  }

  /** The registry refused this token: the next `get` fetches another, unless somebody else has done so. */
  drop(token: string): void {
    for (const [key, kept] of this.kept) if (kept.value === token) this.kept.delete(key);
  }

  /** Several callers may wait for one token, so that no single one's signal ends the request: the timeouts do. */
  private fetchAndKeep(request: TokenRequest): Promise<string> {
    const key = keyOf(request);
    const kept: Kept = { token: Promise.resolve(''), validUntilMs: Number.POSITIVE_INFINITY };
    const fetched = this.fetch(request, new AbortController().signal).then(({ token, lifeMs }) => {
      kept.validUntilMs = this.clock.nowMs() + lifeMs;
      kept.value = token;
      return token;
    });
    kept.token = fetched;
    this.kept.set(key, kept);
    fetched.catch(() => {
      if (this.kept.get(key) === kept) this.kept.delete(key);
    });
    const [oldest] = this.kept.keys();
    if (this.kept.size > maxTokens && oldest !== undefined) this.kept.delete(oldest);
    return fetched;
  }

  private async fetch(request: TokenRequest, signal: AbortSignal): Promise<{ token: string; lifeMs: number }> {
    const outgoing = this.outgoing(request, realmUrl(request));
    await request.host.budget.take(signal);
    request.onRequest();
    const reply = await exchange(request.host, outgoing, signal);
    await assertGranted(request, reply);
    const form = { ...limits, wholeMs: this.settings.wholeMs, schema: tokenReply };
    const {
      token,
      access_token: accessToken,
      expires_in: lifeSeconds = defaultLifeSeconds,
    } = await readJson(reply, form, signal);
    const value = token ?? accessToken;
    if (!value) throw new RegistryProtocolError(`${shownUrl(reply.url)}: an answer without a token`);
    // Renewed a little early: it must still be valid when it arrives.
    return { token: value, lifeMs: Math.max(0, lifeSeconds * 900 - 1000) };
  }

  private outgoing({ challenge, scopes, credential }: TokenRequest, realm: URL): HttpRequest {
    const headers: Record<string, string> = { 'user-agent': this.settings.userAgent, accept: 'application/json' };
    if (credential?.kind === 'identity-token') {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'keelson',
        refresh_token: credential.token,
      });
      if (challenge.service !== undefined) form.set('service', challenge.service);
      form.set('scope', scopes.join(' '));
      const bytes = Buffer.from(form.toString());
      headers['content-type'] = 'application/x-www-form-urlencoded';
      return { method: 'POST', url: realm, headers, body: { sizeBytes: bytes.length, open: () => bytes } };
    }
    if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
    for (const scope of scopes) realm.searchParams.append('scope', scope);
    if (credential?.kind === 'password') headers.authorization = basicAuthorization(credential);
    return { method: 'GET', url: realm, headers };
  }
}

export const basicAuthorization = (credential: Credential & { kind: 'password' }): string =>
  `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;

const keyOf = ({ host, challenge, scopes }: TokenRequest): string =>
  JSON.stringify([host.origin, challenge.realm, challenge.service, [...scopes].sort()]);

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The registry names its token server, and our login goes there: not without TLS, unless the registry itself has none. */
function realmUrl({ host, challenge }: TokenRequest): URL {
  const named = `${host.entry.name} names the token server ${JSON.stringify(challenge.realm.slice(0, 200))}`;
  if (!URL.canParse(challenge.realm)) throw new RegistryProtocolError(`${named}, which is no URL`);
  const url = new URL(challenge.realm);
  const isAllowed = url.protocol === 'https:' || (url.protocol === 'http:' && host.plainHttp);
  if (!isAllowed || url.username !== '' || url.password !== '') {
    throw new RegistryProtocolError(`${named}: a login is sent to an https address without user name only`);
  }
  return url;
}

async function assertGranted(request: TokenRequest, reply: HttpReply): Promise<void> {
  if (reply.status === 200) return;
  await discard(reply);
  const what = `${shownUrl(reply.url)}: ${reply.status} to the request for a token for ${formatRepository(request.target)}`;
  if (reply.status === 401 || reply.status === 403) {
    const advice = request.credential === undefined ? 'log in' : 'the login is wrong or may not do this: log in again';
    throw new RegistryAuthError(`${what}; ${advice} with \`docker login ${request.host.entry.name}\``, request.target);
  }
  if (reply.status === 429 || reply.status >= 500) throw new RegistryUnavailableError(what);
  throw new RegistryProtocolError(what);
}
