import { parseAuthChallenge } from './auth-challenge';
import { basicAuthorization, BearerTokens } from './bearer-tokens';
import type { TokenRequest } from './bearer-tokens';
import type { Clock } from './clock';
import { discard, exchange, shownUrl } from './http-exchange';
import type { HttpReply, Method, RequestBody } from './http-exchange';
import { assertRepository, formatRepository } from './image-reference';
import type { Repository } from './image-reference';
import { RegistryAuthError, RegistryProtocolError, RegistryUnavailableError } from './registry-errors';
import type { RegistryHost, RegistryHosts } from './registry-host';
import { readFault } from './reply-body';
import { retryAfterMs } from './retry-after';

/** One call of the distribution API. */
export type RegistryCall = {
  method: Method;
  /** The repository it is about: where it goes, what a token is asked for, and what messages name. */
  target: Repository;
  /** What is done to it, as scopes name it. */
  actions: 'pull' | 'pull,push' | 'delete';
  /** Below `/v2/<repository>/`, or a URL the registry gave us. */
  to: string | URL;
  /** Another repository of the same registry that is read, for mounting. */
  from?: string;
  headers?: Record<string, string>;
  body?: RequestBody;
};

export type SenderSettings = {
  hosts: RegistryHosts;
  userAgent: string;
  wholeMs: number;
  clock: Clock;
};

type Sent = { call: RegistryCall; authorization: string | undefined };

/** Sends calls with the login they need, and turns refusals and outages into errors; all other replies are the caller's. */
export class RegistrySender {
  private readonly tokens: BearerTokens;

  constructor(
    private readonly settings: SenderSettings,
    /** Called for each request that leaves, token requests and repetitions included. */
    private readonly onRequest: () => void = () => undefined,
    tokens?: BearerTokens,
  ) {
    this.tokens = tokens ?? new BearerTokens(settings.clock, settings);
  }

  /** The same connections and tokens, with another ear. */
  counted(onRequest: () => void): RegistrySender {
    return new RegistrySender(this.settings, onRequest, this.tokens);
  }

  hostOf(target: Repository): RegistryHost {
    return this.settings.hosts.of(target.registry);
  }

  /**
   * @returns a reply with a status below 500 that is not 401, 403 or 429; its body is the caller's to read or discard
   * @throws RegistryUnavailableError, RegistryAuthError, RegistryProtocolError, CredentialsError, or the signal's reason
   */
  async send(call: RegistryCall, signal: AbortSignal): Promise<HttpReply> {
    const host = this.hostOf(call.target);
    try {
      return await this.sendWithLogin(host, call, signal);
    } catch (error) {
      // Somebody may log in before the next call.
      if (error instanceof RegistryAuthError) host.login.forget();
      throw error;
    }
  }

  private async sendWithLogin(host: RegistryHost, call: RegistryCall, signal: AbortSignal): Promise<HttpReply> {
    const authorization = await this.authorization(host, call, signal);
    const reply = await this.sendOnce(host, { call, authorization }, signal);
    // Only the registry itself is asked how to log in: a host it redirects to could name a token server of its own.
    const isAsked = reply.status === 401 && reply.url.origin === host.origin;
    if (!isAsked) return this.settled(host, { call, reply }, signal);
    await this.learn(host, { call, reply, authorization });
    const again = { call, authorization: await this.authorization(host, call, signal) };
    return this.settled(host, { call, reply: await this.sendOnce(host, again, signal) }, signal);
  }

  /** A 401 says how to log in, and that what was sent is not good (any more). */
  private async learn(host: RegistryHost, refused: Sent & { reply: HttpReply }): Promise<void> {
    const challenge = parseAuthChallenge(refused.reply.headers['www-authenticate']);
    await discard(refused.reply);
    if (challenge === undefined) {
      throw new RegistryProtocolError(`${described(refused.call)}: 401, and the registry does not say how to log in`);
    }
    host.login.challenge = challenge;
    if (refused.authorization === undefined) return;
    this.tokens.drop(refused.authorization.replace(/^Bearer /, ''));
    host.login.forget();
  }

  private async sendOnce(host: RegistryHost, { call, authorization }: Sent, signal: AbortSignal): Promise<HttpReply> {
    const url = urlOf(host, call);
    await host.budget.take(signal);
    this.onRequest();
    const headers = {
      'user-agent': this.settings.userAgent,
      ...call.headers,
      // An upload may go on at another host: our login is not for that one.
      ...(authorization === undefined || url.origin !== host.origin ? {} : { authorization }),
    };
    const { method, body } = call;
    return exchange(host, { method, url, headers, ...(body === undefined ? {} : { body }) }, signal);
  }

  private async authorization(
    host: RegistryHost,
    call: RegistryCall,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { challenge } = host.login;
    if (challenge === undefined) return undefined;
    const credential = await host.login.credential();
    if (credential?.kind === 'registry-token') return `Bearer ${credential.token}`;
    if (challenge.scheme === 'bearer') {
      return `Bearer ${await this.tokens.get(this.tokenRequest(host, { call, challenge, credential }), signal)}`;
    }
    if (credential?.kind === 'password') return basicAuthorization(credential);
    throw new RegistryAuthError(
      `${described(call)}: the registry wants a login and there is none: \`docker login ${host.entry.name}\``,
      call.target,
    );
  }

  private tokenRequest(
    host: RegistryHost,
    { call, ...login }: { call: RegistryCall } & Pick<TokenRequest, 'challenge' | 'credential'>,
  ): TokenRequest {
    const { target, actions, from } = call;
    const scopes = [`repository:${target.repository}:${actions}`];
    if (from !== undefined && from !== target.repository) scopes.push(`repository:${from}:pull`);
    return { host, ...login, scopes, target, onRequest: this.onRequest };
  }

  private async settled(
    host: RegistryHost,
    { call, reply }: { call: RegistryCall; reply: HttpReply },
    signal: AbortSignal,
  ): Promise<HttpReply> {
    const { status } = reply;
    if (status < 500 && ![401, 403, 429].includes(status)) return reply;
    const fault = await readFault(reply, signal);
    const what = `${described(call)}: ${status}${fault.text === '' ? '' : ` (${fault.text})`}`;
    if (status >= 500) throw new RegistryUnavailableError(what, retryOption(reply));
    if (status === 429) {
      const wait = retryOption(reply);
      if (wait.retryAfterMs !== undefined) host.budget.pause(wait.retryAfterMs);
      throw new RegistryUnavailableError(`${what}: too many requests`, wait);
    }
    throw new RegistryAuthError(`${what}; ${advice(host)}`, call.target);
  }
}

function urlOf(host: RegistryHost, { target, to }: RegistryCall): URL {
  if (to instanceof URL) return to;
  assertRepository(target);
  return new URL(`/v2/${target.repository}/${to}`, host.origin);
}

/** For messages: what was tried on what. */
export function described(call: RegistryCall): string {
  const what = call.to instanceof URL ? shownUrl(call.to) : call.to.replace(/\?.*$/, '');
  return `${formatRepository(call.target)}: ${call.method} ${what}`;
}

function advice(host: RegistryHost): string {
  const name = host.entry.name;
  return host.login.isPresent
    ? `the login for ${name} may not do this, or it does not exist`
    : `it does not exist or needs a login: \`docker login ${name}\``;
}

function retryOption(reply: HttpReply): { retryAfterMs?: number } {
  const ms = retryAfterMs(reply.headers['retry-after']);
  return ms === undefined ? {} : { retryAfterMs: ms };
}
