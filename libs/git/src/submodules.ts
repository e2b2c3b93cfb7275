import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { leadsInward } from './address-scope';
import { hasCommit } from './commits';
import { git } from './git-command';
import type { ResolvedSubmodule, SubmoduleRequest, SubmoduleResolver } from './layer-entries';
import { CommitUnavailableError, Mirror, mirrorDir } from './mirror';
import { RemoteAuthError, RepositoryNotFoundError } from './remote-errors';
import type { RemoteHeads } from './remote-heads';
import { looksRemote, parseRemoteUrl } from './remote-url';
import { commonDirOf, NoRepositoryError, openRepository, RepositoryOwnerError } from './repository';
import type { Repository } from './repository';
import type { LocalLocation } from './source';
import { SourceError } from './source-error';
import { SubmoduleError } from './submodule-error';

export type SubmoduleContext = {
  /** The repository whose submodules are looked for. */
  repository: Repository;
  /** Where it came from: decides what its submodules may name. */
  location: LocalLocation | { kind: 'remote'; url: string };
  /** Where fetched submodules are kept. */
  mirrors: { directory: string; remote: RemoteHeads };
};

/**
 * Finds submodules: in the local working copy or among the repository's own modules, else fetched by their URL. A submodule of
 * a remote repository never comes from a path on this machine, nor from a private network when its parent is outside.
 * The resolver throws SubmoduleError when the user has to do something; RemoteBusyError and RemoteUnavailableError pass, for they pass.
 */
export function submoduleResolver(context: SubmoduleContext): SubmoduleResolver {
  return async (request, signal) => {
    const local = context.location.kind === 'local' ? await findLocal(context, request, signal) : undefined;
    if (local !== undefined) return local;
    const base = await baseOf(context, signal);
    const url = /^\.\.?(\/|$)/.test(request.url) ? resolveRelative(base, request.url) : request.url;
    try {
      return looksRemote(url)
        ? await fetched(context, { ...request, url }, signal)
        : await atPath(context, { ...request, url }, signal);
    } catch (cause) {
      if (!isForTheUser(cause)) throw cause;
      throw new SubmoduleError(`the submodule ${JSON.stringify(request.path)} cannot be had: ${cause.message}`, {
        cause,
      });
    }
  };
}

const isForTheUser = (error: unknown): error is Error =>
  error instanceof SourceError ||
  error instanceof NoRepositoryError ||
  error instanceof RepositoryOwnerError ||
  error instanceof RepositoryNotFoundError ||
  error instanceof RemoteAuthError ||
  error instanceof CommitUnavailableError;

async function findLocal(
  context: SubmoduleContext,
  request: SubmoduleRequest,
  signal: AbortSignal | undefined,
): Promise<ResolvedSubmodule | undefined> {
  for (const place of await localPlaces(context.repository, request)) {
    const repository = await tryOpen(place, signal);
    if (repository !== undefined && (await hasCommit(repository, request.commit, signal))) {
      return resolved(context, repository, { kind: 'local', path: repository.workTree ?? repository.gitDir });
    }
  }
  return undefined;
}

/** The working copy, then the repository's own store of modules. Names and paths come from the commit: neither may lead out. */
async function localPlaces(repository: Repository, { name, path: at }: SubmoduleRequest): Promise<readonly string[]> {
  const places: string[] = [];
  if (repository.workTree !== undefined) {
    const top = await realpath(repository.workTree);
    const inTree = await realpath(path.join(top, at)).catch(() => undefined); // not checked out
    if (inTree?.startsWith(`${top}${path.sep}`) === true) places.push(inTree);
  }
  const plain = name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!plain || name.includes('\0')) return places;
  return [
    ...places,
    path.join(repository.gitDir, 'modules', name),
    path.join(commonDirOf(repository), 'modules', name),
  ];
}

async function tryOpen(place: string, signal: AbortSignal | undefined): Promise<Repository | undefined> {
  try {
    return await openRepository(place, { signal });
  } catch (error) {
    if (error instanceof NoRepositoryError || error instanceof RepositoryOwnerError) return undefined;
    throw error;
  }
}

async function fetched(
  context: SubmoduleContext,
  request: SubmoduleRequest,
  signal: AbortSignal | undefined,
): Promise<ResolvedSubmodule> {
  const { url, credentials } = parseRemoteUrl(request.url);
  const { location, mirrors } = context;
  if (location.kind === 'remote' && (await leadsInward(location.url, url))) {
    throw new SourceError(`${url} lies in a private network, and its parent ${location.url} does not`);
  }
  if (credentials !== undefined) mirrors.remote.credentials.give(url, credentials);
  const mirror = new Mirror({ directory: mirrorDir(mirrors.directory, url), url, remote: mirrors.remote });
  return resolved(context, await mirror.ensureCommit(request.commit, undefined, signal), { kind: 'remote', url });
}

async function atPath(
  context: SubmoduleContext,
  request: SubmoduleRequest,
  signal: AbortSignal | undefined,
): Promise<ResolvedSubmodule> {
  if (context.location.kind === 'remote' || !path.isAbsolute(request.url)) {
    throw new SourceError(`its URL ${JSON.stringify(request.url)} is a path, not an https, http, ssh or git URL`);
  }
  const repository = await openRepository(request.url, { signal });
  if (!(await hasCommit(repository, request.commit, signal))) {
    throw new CommitUnavailableError(`${request.url} does not have the commit ${request.commit}`);
  }
  return resolved(context, repository, { kind: 'local', path: request.url });
}

function resolved(
  context: SubmoduleContext,
  repository: Repository,
  location: SubmoduleContext['location'],
): ResolvedSubmodule {
  return {
    source: repository,
    identity: commonDirOf(repository),
    resolve: submoduleResolver({ ...context, repository, location }),
  };
}

/** What a relative URL is relative to: the remote a repository came from, or its own path. */
async function baseOf({ repository, location }: SubmoduleContext, signal: AbortSignal | undefined): Promise<string> {
  if (location.kind === 'remote') return location.url;
  const args = ['config', '--get', 'remote.origin.url'];
  const { stdout } = await git(args, { repository, signal, okExitCodes: [0, 1] });
  const origin = stdout.toString('utf8').trim();
  return origin === '' ? location.path : origin;
}

/**
 * As `git submodule` does it: each `../` takes a segment off the base.
 * @see https://git-scm.com/docs/gitmodules under `submodule.<name>.url`
 */
export function resolveRelative(base: string, relative: string): string {
  let left = base.replace(/\/+$/, '');
  let rest = relative;
  let divider = '/';
  for (let match = /^(\.\.?)(\/|$)/.exec(rest); match !== null; match = /^(\.\.?)(\/|$)/.exec(rest)) {
    rest = rest.slice(match[0].length);
    if (match[1] === '.') continue;
    const cut = Math.max(left.lastIndexOf('/'), left.lastIndexOf(':'));
    if (cut <= 0 || left.slice(0, cut + 1).endsWith('//'))
      throw new SubmoduleError(`the URL ${relative} climbs out of ${base}`);
    divider = left[cut] ?? '/';
    left = left.slice(0, cut);
  }
  return rest === '' ? left : `${left}${divider}${rest}`;
}
