import { stat } from 'node:fs/promises';
import path from 'node:path';
import { maskCredentials } from './mask';
import { checkPattern } from './ref-pattern';
import { looksRemote, parseRemoteUrl, refuseHostileText } from './remote-url';
import type { RemoteLocation } from './remote-url';
import { NoRepositoryError, openRepository, RepositoryOwnerError } from './repository';
import { SourceError } from './source-error';

/** A repository on this machine: the real path of its working copy's top, or of its git directory when it is bare. */
export type LocalLocation = { kind: 'local'; path: string };

/** What to watch. */
export type Source = {
  location: LocalLocation | RemoteLocation;
  /** Branch, full ref, or a pattern of either; absent: the branch that the repository's HEAD names. */
  pattern?: string;
  /** The canonical text for records: the absolute path, or the URL without credentials. */
  name: string;
};

/**
 * Reads what a person wrote: `path`, `path^branch`, `url`, `url^branch`. A branch cannot hold `^`, so the last one divides,
 * unless the whole text is a directory. A path must be the top of a repository, but the current directory may lie inside one.
 * @param cwd absolute; relative paths start here
 * @throws SourceError with one sentence that says what is wrong and what to do
 */
export async function parseSource(text: string, { cwd }: { cwd: string }): Promise<Source> {
  refuseHostileText(text, maskCredentials(text));
  const { place, pattern } = await divide(text, cwd);
  if (pattern !== undefined) checkPattern(pattern);
  const location = await locate(place, cwd);
  const name = location.kind === 'local' ? location.path : location.url;
  return pattern === undefined ? { location, name } : { location, pattern, name };
}

/**
 * The source that a record or an event names: an absolute path or a URL, and perhaps a pattern. Unlike `parseSource` it takes a
 * path with no repository: it may be away for a while.
 * @throws SourceError
 */
export function namedSource({ source, pattern }: { source: string; pattern?: string | undefined }): Source {
  refuseHostileText(source, maskCredentials(source));
  if (pattern !== undefined) checkPattern(pattern);
  const location = path.isAbsolute(source)
    ? ({ kind: 'local', path: path.resolve(source) } as const)
    : parseRemoteUrl(source);
  const name = location.kind === 'local' ? location.path : location.url;
  return pattern === undefined ? { location, name } : { location, pattern, name };
}

async function divide(text: string, cwd: string): Promise<{ place: string; pattern?: string }> {
  const at = text.lastIndexOf('^');
  if (at < 0 || (await isDirectory(path.resolve(cwd, text)))) return { place: text };
  return { place: text.slice(0, at) === '' ? '.' : text.slice(0, at), pattern: text.slice(at + 1) };
}

async function locate(place: string, cwd: string): Promise<LocalLocation | RemoteLocation> {
  const directory = path.resolve(cwd, place);
  // As git does: a path that exists wins over host:path.
  if (looksRemote(place) && !(await isDirectory(directory))) return parseRemoteUrl(place);
  try {
    const repository = await openRepository(directory, { upwards: directory === path.resolve(cwd) });
    return { kind: 'local', path: repository.workTree ?? repository.gitDir };
  } catch (cause) {
    if (!(cause instanceof NoRepositoryError || cause instanceof RepositoryOwnerError)) throw cause;
    throw new SourceError(cause.message, { cause });
  }
}

async function isDirectory(location: string): Promise<boolean> {
  try {
    return (await stat(location)).isDirectory();
  } catch {
    return false; // not there, or a name the system refuses: then it is no path
  }
}
