import { leadsInward } from './address-scope';
import { RemoteUnavailableError } from './remote-errors';
import type { HttpAnswer, RemoteHttp } from './remote-http';
import { refuseStatus } from './remote-status';

const mostRedirects = 5;
const tail = '/info/refs';

/** A service's URL below a repository's. */
export const serviceUrl = (repository: string, service: string): URL => new URL(`${repository}/${service}`);

/**
 * Asks where a repository is, as git does before it uses one, following redirects that lead nowhere they should not.
 * @returns the repository's URL, the same one when it did not move
 * @throws RepositoryNotFoundError; RemoteAuthError; RemoteBusyError; RemoteUnavailableError, also when it is no smart git server
 * @see https://git-scm.com/docs/http-protocol#_discovering_references
 */
export async function discover(http: RemoteHttp, repository: string, signal?: AbortSignal): Promise<string> {
  let base = repository;
  for (let redirects = 0; redirects <= mostRedirects; redirects += 1) {
    const url = serviceUrl(base, 'info/refs');
    url.searchParams.set('service', 'git-upload-pack');
    const answer = await http.send({ method: 'GET', url, headers: { 'git-protocol': 'version=2' } }, base, signal);
    const next = redirectOf(answer, url);
    if (next === undefined) return concluded(base, answer);
    await checkRedirect(url, next);
    base = `${next.origin}${next.pathname.slice(0, -tail.length)}`;
  }
  throw new RemoteUnavailableError(`${repository} redirects more than ${mostRedirects} times`);
}

function redirectOf(answer: HttpAnswer, from: URL): URL | undefined {
  const { location } = answer.headers;
  if (answer.status < 300 || answer.status >= 400 || typeof location !== 'string') return undefined;
  if (!URL.canParse(location, from.href)) throw new RemoteUnavailableError(`${from.origin} redirects to no valid URL`);
  return new URL(location, from.href);
}

/** Another host only by https, never from https to http, never from outside to a host that only we can reach. */
async function checkRedirect(from: URL, to: URL): Promise<void> {
  const where = `${from.origin}${from.pathname} redirects to ${to.origin}${to.pathname}`;
  const scheme = to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:');
  if (!scheme || (to.host !== from.host && to.protocol !== 'https:')) {
    throw new RemoteUnavailableError(`${where}, which is not followed: only https may lead to another place`);
  }
  if (!to.pathname.endsWith(tail)) throw new RemoteUnavailableError(`${where}, which is no git repository`);
  if (await leadsInward(from.href, to.href)) {
    throw new RemoteUnavailableError(`${where}, which is not followed: it leads into a private network`);
  }
}

function concluded(base: string, answer: HttpAnswer): string {
  refuseStatus(base, answer);
  if (answer.headers['content-type'] !== 'application/x-git-upload-pack-advertisement') {
    throw new RemoteUnavailableError(`${base} is not served by git's smart protocol`);
  }
  return base;
}
