import {
  NoProtocolV2Error,
  RemoteAuthError,
  RemoteBusyError,
  RemoteUnavailableError,
  RepositoryNotFoundError,
} from './remote-errors';
import type { HttpAnswer } from './remote-http';
import { retryAfterMs } from './retry-after';

/** What an old server says to a request that it does not understand. */
const notUnderstood = [400, 415, 500];
const refused = [401, 403];
const missing = [404, 410];
const tooMany = [429, 503];

/** Turns an answer that is none into its error; returns when it is one. */
export function refuseStatus(url: string, { status, headers }: HttpAnswer): void {
  if (status !== 200) throw errorOf(url, status, headers['retry-after']);
}

function errorOf(url: string, status: number, retryAfter: string | string[] | undefined): Error {
  // Some hosts say 403 for "too many", with the header that tells it from a refusal.
  if (tooMany.includes(status) || (status === 403 && retryAfter !== undefined)) {
    return new RemoteBusyError(`${url} asks for fewer requests (${status})`, retryAfterMs(retryAfter, Date.now()));
  }
  if (refused.includes(status)) {
    return new RemoteAuthError(
      `${url} refuses access (${status}): see that git's credential helper or the token file knows it`,
    );
  }
  if (missing.includes(status)) return new RepositoryNotFoundError(`there is no repository at ${url} (${status})`);
  if (notUnderstood.includes(status)) return new NoProtocolV2Error(`${url} answered ${status}`);
  return new RemoteUnavailableError(`${url} answered ${status}`);
}
