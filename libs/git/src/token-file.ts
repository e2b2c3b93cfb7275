import { readFile } from 'node:fs/promises';
import { UrlCredentials } from './url-credentials';

/** The token file cannot be read or understood. The message never holds its content. */
export class TokenFileError extends Error {
  readonly code = 'token-file';
  override readonly name = 'TokenFileError';
}

/**
 * Looks a remote up in a file of git's credential-store format: lines of `https://user:token@host[/path]`, first match wins.
 * Read anew each time, for secrets rotate. The scheme and the host must be equal, a path must be the beginning of the remote's.
 * @see https://git-scm.com/docs/git-credential-store#_storage_format
 * @throws TokenFileError
 */
export async function readTokenFile(file: string, remote: string): Promise<UrlCredentials | undefined> {
  let text;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new TokenFileError(`the token file ${file} cannot be read: ${why}`, { cause });
  }
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (!URL.canParse(line.trim())) {
      throw new TokenFileError(`line ${index + 1} of the token file ${file} is not a URL like https://user:token@host`);
    }
    const entry = new URL(line.trim());
    if (covers(entry, new URL(remote))) {
      return new UrlCredentials(decodeURIComponent(entry.username), decodeURIComponent(entry.password));
    }
  }
  return undefined;
}

function covers(entry: URL, remote: URL): boolean {
  if (entry.protocol !== remote.protocol || entry.host !== remote.host) return false;
  const path = entry.pathname.replace(/\/+$/, '');
  return remote.pathname === path || remote.pathname.startsWith(`${path}/`);
}
