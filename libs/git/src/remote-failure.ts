import { GitError } from './git-command';
import { RemoteAuthError, RemoteBusyError, RemoteUnavailableError, RepositoryNotFoundError } from './remote-errors';

const notFound =
  /repository .*not found|not found: |does not appear to be a git repository|repository .*does not exist|access denied or repository not exported|returned error: (404|410)/i;
const refused =
  /authentication failed|could not read (username|password)|terminal prompts disabled|permission denied|host key verification failed|returned error: (401|403)|publickey/i;
const busy = /returned error: (429|503)/i;
const busyMs = 60_000;

/** What git's words about a remote mean. git has no codes for it, so its messages (LC_ALL=C) are read. */
export function classifyGitFailure(url: string, cause: unknown): unknown {
  if (!(cause instanceof GitError) || cause.code === 'git-missing') {
    return cause instanceof GitError
      ? cause
      : new RemoteUnavailableError(`${url} cannot be read: ${String(cause)}`, { cause });
  }
  const said = cause.stderr === '' ? cause.message : cause.stderr;
  const words = firstWords(said);
  if (busy.test(said)) return new RemoteBusyError(`${url} asks for fewer requests`, busyMs);
  if (notFound.test(said)) return new RepositoryNotFoundError(`there is no repository at ${url}: ${words}`, { cause });
  if (refused.test(said)) return new RemoteAuthError(`${url} refuses access: ${words}`, { cause });
  return new RemoteUnavailableError(`${url} cannot be read: ${words}`, { cause });
}

/** The first line says what happened; the following ones say that something did. */
function firstWords(said: string): string {
  const line = said.split('\n').find((text) => text.trim() !== '' && !/^(warning|hint):/.test(text)) ?? said;
  return line.replace(/^((fatal|error|remote): )+/, '').trim();
}
