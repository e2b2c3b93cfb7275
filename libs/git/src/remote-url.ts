import { maskCredentials } from './mask';
import { SourceError } from './source-error';
import { UrlCredentials } from './url-credentials';

/** Where a remote repository is. `url` is its canonical text and never holds a password. */
export type RemoteLocation = { kind: 'remote'; url: string; credentials?: UrlCredentials };

const transports = ['https:', 'http:', 'ssh:', 'git:'];

/** True for text that names another machine: a URL, a transport helper (`x::y`, refused later) or scp's `[user@]host:path`. */
export const looksRemote = (text: string): boolean =>
  /^[a-z][a-z0-9+.-]*:(\/\/|:)/i.test(text) || /^[^/:]+:/.test(text);

/**
 * Reads a remote's address: https, http, ssh or git URLs, and `[user@]host:path`, which is ssh.
 * A user name stays in ssh addresses, where it is no secret, and leaves all others.
 * @throws SourceError
 */
export function parseRemoteUrl(text: string): RemoteLocation {
  const shown = maskCredentials(text);
  refuseHostileText(text, shown);
  if (/^[a-z0-9+.-]+::/i.test(text)) {
    throw new SourceError(`the source "${shown}" uses a transport helper: name an https, http, ssh or git URL`);
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return parseScp(text);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw new SourceError(`the source "${shown}" is not a valid URL`);
  if (url.protocol === 'file:') {
    throw new SourceError(`the source "${shown}" is a file URL: name the path itself, ${decodePath(url)}`);
  }
  if (!transports.includes(url.protocol)) {
    throw new SourceError(
      `the source "${shown}" uses ${url.protocol}//, which is not allowed: use https, http, ssh or git`,
    );
  }
  return canonical(url, shown);
}

function canonical(url: URL, shown: string): RemoteLocation {
  if (url.search !== '' || url.hash !== '') {
    throw new SourceError(`the source "${shown}" has a query or a fragment: name the repository's plain URL`);
  }
  // A host or a user that begins with "-" would become an option of ssh.
  if (url.hostname === '' || url.hostname.startsWith('-') || decode(url.username).startsWith('-')) {
    throw new SourceError(`the source "${shown}" has no valid host`);
  }
  const secret = url.protocol !== 'ssh:' && `${url.username}${url.password}` !== '';
  const credentials = secret ? new UrlCredentials(decode(url.username), decode(url.password)) : undefined;
  url.password = '';
  if (url.protocol !== 'ssh:') url.username = '';
  const location: RemoteLocation = { kind: 'remote', url: url.href.replace(/\/+$/, '') };
  return credentials === undefined ? location : { ...location, credentials };
}

/** `[user@]host:path`, as scp and git write it. The path is relative to the user's home, so it is kept as it is. */
function parseScp(text: string): RemoteLocation {
  const match = /^(?:([^@/:]+)@)?(\[[0-9a-f:]+\]|[a-z0-9_][a-z0-9._-]*):(.+)$/i.exec(text);
  if (match === null || match[1]?.startsWith('-') === true || match[3]?.startsWith('-') === true) {
    throw new SourceError(`the source "${text}" is neither a URL, nor host:path, nor a path that exists`);
  }
  return { kind: 'remote', url: text.replace(/\/+$/, '') };
}

/** Refuses what could become an option or break out of a line. @throws SourceError */
export function refuseHostileText(text: string, shown: string): void {
  if (text.trim() === '') throw new SourceError('an empty source: name a path or a URL');
  if (text.startsWith('-')) {
    throw new SourceError(`the source "${shown}" begins with "-": write ./${shown} if it is a path`);
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new SourceError(`the source ${JSON.stringify(shown)} holds control characters`);
  }
}

function decodePath(url: URL): string {
  return decode(url.pathname);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray percent sign: it means itself
  }
}
