import { Credentials } from './credentials';
import type { ListedRef } from './heads';
import { HostBudget } from './host-budget';
import { hostOf } from './address-scope';
import { lsRefsRequest, parseLsRefs } from './ls-refs';
import { lsRemote } from './ls-remote';
import { PacketError } from './pkt-line';
import { refMatcher } from './ref-pattern';
import { discover, serviceUrl } from './discovery';
import { NoProtocolV2Error, RemoteAuthError } from './remote-errors';
import { CertificateError, RemoteHttp } from './remote-http';
import type { HttpAnswer } from './remote-http';
import { refuseStatus } from './remote-status';

export type RemoteHeadsOptions = {
  /** Shared by all that talk to the same hosts; default one of its own. */
  budget?: HostBudget;
  /** Default: git's credential helpers. */
  credentials?: Credentials;
  /** For one request; default 30 s. */
  timeoutMs?: number;
  /** Of an answer; default 64 MiB, some 700,000 refs. */
  maxBytes?: number;
  /** For how long git is asked at once where protocol v2 did not work; default 10 minutes. */
  fallbackMs?: number;
  /** Milliseconds that only go up. */
  now?: () => number;
};

/**
 * The refs of remote repositories. Over http(s) one request each, protocol v2, only the refs that are wanted, over
 * connections that stay open; through `git ls-remote` for everything else.
 */
export class RemoteHeads {
  readonly credentials: Credentials;
  readonly #budget: HostBudget;
  readonly #http: RemoteHttp;
  readonly #timeoutMs: number;
  readonly #fallbackMs: number;
  readonly #now: () => number;
  /** URLs that git must be asked about, and until when. */
  readonly #throughGit = new Map<string, number>();
  /** Where a URL's repository really is. */
  readonly #moved = new Map<string, string>();

  constructor(options: RemoteHeadsOptions = {}) {
    this.credentials = options.credentials ?? new Credentials();
    this.#budget = options.budget ?? new HostBudget();
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#fallbackMs = options.fallbackMs ?? 600_000;
    this.#now = options.now ?? (() => performance.now());
    this.#http = new RemoteHttp({
      budget: this.#budget,
      credentials: this.credentials,
      timeoutMs: this.#timeoutMs,
      maxBytes: options.maxBytes ?? 67_108_864,
    });
  }

  /**
   * The refs that match any of the patterns, now; HEAD with its target for the pattern `undefined`. Annotated tags are peeled.
   * Pick from the result with `selectHeads`.
   * @param url canonical, from `parseSource`
   * @throws RepositoryNotFoundError; RemoteAuthError; RemoteBusyError; RemoteUnavailableError; GitMissingError
   */
  async heads(
    url: string,
    patterns: readonly (string | undefined)[],
    signal?: AbortSignal,
  ): Promise<readonly ListedRef[]> {
    const overHttp = /^https?:/.test(url) && (this.#throughGit.get(url) ?? -Infinity) < this.#now();
    const listed = await (overHttp ? this.#overHttp(url, patterns, signal) : this.#overGit(url, patterns, signal));
    const matchers = patterns.map((pattern) =>
      pattern === undefined ? (ref: string) => ref === 'HEAD' : refMatcher(pattern),
    );
    return listed.filter(({ ref }) => matchers.some((matches) => matches(ref)));
  }

  /** Where the URL's repository was found after redirects; the URL itself when it did not move. */
  locationOf(url: string): string {
    return this.#moved.get(url) ?? url;
  }

  /** Asks an http(s) remote where the URL's repository is, follows redirects that lead nowhere they should not, and remembers. @throws as heads */
  async locate(url: string, signal?: AbortSignal): Promise<string> {
    const found = await discover(this.#http, url, signal);
    if (found !== url) this.#moved.set(url, found);
    return found;
  }

  /** Closes idle connections. May be called twice. */
  async close(): Promise<void> {
    await this.#http.close();
  }

  async #overHttp(
    url: string,
    patterns: readonly (string | undefined)[],
    signal?: AbortSignal,
  ): Promise<readonly ListedRef[]> {
    try {
      return await this.#lsRefs(url, patterns, signal);
    } catch (error) {
      if (!needsGit(error)) throw error;
      // git knows more ways: the old protocols, .netrc, client certificates, other authorities, url.*.insteadOf.
      const refs = await this.#overGit(url, patterns, signal).catch((second: unknown) => {
        throw error instanceof RemoteAuthError ? error : second;
      });
      this.#throughGit.set(url, this.#now() + this.#fallbackMs);
      return refs;
    }
  }

  async #overGit(
    url: string,
    patterns: readonly (string | undefined)[],
    signal?: AbortSignal,
  ): Promise<readonly ListedRef[]> {
    const options = {
      url: this.locationOf(url),
      patterns,
      credentials: this.credentials,
      timeoutMs: 2 * this.#timeoutMs,
    };
    const refs = await this.#budget.use(hostOf(url), () => lsRemote({ ...options, signal }), signal);
    if (refs.length === 0 && /^https?:/.test(url)) await this.#confirmGitServer(url, signal);
    return refs;
  }

  /** git takes any page for an old server's list, and one without refs for none: a login page must not look like deleted branches. */
  async #confirmGitServer(url: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.locate(url, signal);
    } catch (error) {
      if (!(error instanceof CertificateError) && !(error instanceof RemoteAuthError)) throw error;
      // git has got through where we cannot
    }
  }

  async #lsRefs(
    url: string,
    patterns: readonly (string | undefined)[],
    signal?: AbortSignal,
  ): Promise<readonly ListedRef[]> {
    const body = lsRefsRequest(patterns);
    let answer = await this.#post(url, body, signal);
    if (redirectsOrMissing(answer)) {
      const known = this.locationOf(url);
      if ((await this.locate(url, signal)) === known) {
        throw new NoProtocolV2Error(`${url} takes no request of protocol v2`);
      }
      answer = await this.#post(url, body, signal);
    }
    refuseStatus(url, answer);
    return parseLsRefs(answer.body);
  }

  #post(url: string, body: string, signal?: AbortSignal): Promise<HttpAnswer> {
    const base = this.locationOf(url);
    const headers = {
      'content-type': 'application/x-git-upload-pack-request',
      accept: 'application/x-git-upload-pack-result',
      'git-protocol': 'version=2',
    };
    return this.#http.send({ method: 'POST', url: serviceUrl(base, 'git-upload-pack'), headers, body }, base, signal);
  }
}

/** Servers redirect what the service is discovered with, not what it is used with: ask there before giving up. */
const redirectsOrMissing = ({ status }: HttpAnswer): boolean =>
  (status >= 300 && status < 400) || status === 404 || status === 405 || status === 410;

const needsGit = (error: unknown): boolean =>
  error instanceof NoProtocolV2Error ||
  error instanceof PacketError ||
  error instanceof CertificateError ||
  error instanceof RemoteAuthError;
