import { git, GitError } from './git-command';
import { readTokenFile } from './token-file';
import { UrlCredentials } from './url-credentials';

export type CredentialsOptions = {
  /** A file of git's credential-store format; see `readTokenFile`. */
  tokenFile?: string | undefined;
  /** Ask the helpers of the user's git configuration, which never prompt here; default true. */
  helpers?: boolean;
};

/** A helper that waits for a person waits in vain. */
const helperTimeoutMs = 30_000;

type Known = { credentials: UrlCredentials; accepted: boolean; fromHelper: boolean };

/** Who we are to each http(s) remote: what was given with its URL, else the token file, else git's credential helpers. */
export class Credentials {
  readonly #given = new Map<string, UrlCredentials>();
  readonly #byOrigin = new Map<string, Known>();

  constructor(private readonly options: CredentialsOptions = {}) {}

  /** Takes what came with a source's URL. */
  give(url: string, credentials: UrlCredentials): void {
    this.#given.set(url, credentials);
  }

  /** What to send unasked: what was given for this URL, or what its host has accepted before. */
  known(url: string): UrlCredentials | undefined {
    const known = this.#byOrigin.get(new URL(url).origin);
    return this.#given.get(url) ?? (known?.accepted === true ? known.credentials : undefined);
  }

  /** Finds credentials after the remote asked for some; undefined when there are none. @throws TokenFileError */
  async find(url: string, signal?: AbortSignal): Promise<UrlCredentials | undefined> {
    const given = this.#given.get(url);
    if (given !== undefined) return given;
    const { tokenFile } = this.options;
    const token = tokenFile === undefined ? undefined : await readTokenFile(tokenFile, url);
    const found = token ?? (this.options.helpers === false ? undefined : await askHelpers(url, signal));
    if (found === undefined) return undefined;
    const origin = new URL(url).origin;
    // Another repository's accepted credentials stay, whatever becomes of these.
    if (this.#byOrigin.get(origin)?.accepted !== true) {
      this.#byOrigin.set(origin, { credentials: found, accepted: false, fromHelper: token === undefined });
    }
    return found;
  }

  /** The remote took them: they are sent unasked from now on, and the helpers may store them. */
  async accepted(url: string, credentials: UrlCredentials, signal?: AbortSignal): Promise<void> {
    const known = this.#byOrigin.get(new URL(url).origin);
    if (known?.credentials !== credentials || known.accepted) return;
    known.accepted = true;
    if (known.fromHelper) await tellHelpers('approve', { url, credentials, signal });
  }

  /** The remote refused them. Helpers are told to forget them only if their host never took them: one repository may be closed to us. */
  async refused(url: string, credentials: UrlCredentials, signal?: AbortSignal): Promise<void> {
    const { origin } = new URL(url);
    const known = this.#byOrigin.get(origin);
    if (known?.credentials !== credentials) return;
    this.#byOrigin.delete(origin);
    if (known.fromHelper && !known.accepted) await tellHelpers('reject', { url, credentials, signal });
  }

  /**
   * Environment that makes a git process send the given credentials, or those of the token file, to this remote's host only.
   * Helpers need nothing: git asks them itself.
   */
  async environment(url: string): Promise<Record<string, string>> {
    if (!/^https?:/.test(url)) return {};
    const { tokenFile } = this.options;
    const credentials =
      this.#given.get(url) ?? (tokenFile === undefined ? undefined : await readTokenFile(tokenFile, url));
    if (credentials === undefined) return {};
    return {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `http.${new URL(url).origin}/.extraHeader`,
      GIT_CONFIG_VALUE_0: `Authorization: ${credentials.basicAuthorization()}`,
    };
  }
}

/** @see https://git-scm.com/docs/git-credential#IOFMT */
function describe(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `protocol=${protocol.slice(0, -1)}\nhost=${host}\npath=${decodeURIComponent(pathname.slice(1))}\n`;
}

async function askHelpers(url: string, signal: AbortSignal | undefined): Promise<UrlCredentials | undefined> {
  const description = describe(url);
  if (/[\0\r]/.test(description) || description.split('\n').length !== 4) return undefined; // an encoded line end in the path
  const timeout = AbortSignal.timeout(helperTimeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    const { stdout } = await git(['credential', 'fill'], { input: `${description}\n`, signal: either });
    return parseAnswer(stdout.toString('utf8'));
  } catch (error) {
    if (error instanceof GitError || (timeout.aborted && signal?.aborted !== true)) return undefined; // nobody may be asked
    throw error;
  }
}

function parseAnswer(answer: string): UrlCredentials | undefined {
  const fields = new Map<string, string>();
  for (const line of answer.split('\n')) {
    const equals = line.indexOf('=');
    fields.set(line.slice(0, Math.max(0, equals)), line.slice(equals + 1));
  }
  const password = fields.get('password');
  return password === undefined ? undefined : new UrlCredentials(fields.get('username') ?? '', password);
}

type Verdict = { url: string; credentials: UrlCredentials; signal: AbortSignal | undefined };

async function tellHelpers(verdict: 'approve' | 'reject', { url, credentials, signal }: Verdict): Promise<void> {
  try {
    await git(['credential', verdict], { input: `${describe(url)}${credentials.describe()}\n`, signal });
  } catch (error) {
    if (!(error instanceof GitError)) throw error; // a helper that cannot store is no reason to stop
  }
}
