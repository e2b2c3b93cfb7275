/** A repository by the name of its registry: `{ registry: 'docker.io', repository: 'library/debian' }`. */
export type Repository = { registry: string; repository: string };

/** An image by tag, by digest, or both (then the digest counts). One that was parsed always has at least one of them. */
export type ImageReference = Repository & { tag?: string; digest?: string };

/** The text is no image reference, repository, tag or digest. The message says why. */
export class InvalidReferenceError extends Error {
  readonly code = 'invalid-reference';
  override readonly name = 'InvalidReferenceError';
}

// The grammar of https://github.com/distribution/reference: each expression is anchored and backtracks over one part only.
const host =
  /^(?:(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9])(?:\.(?:[a-z0-9]|[a-z0-9][a-z0-9-]*[a-z0-9]))*|\[[a-f0-9:]+\])(?::[0-9]{1,5})?$/i;
const pathComponent = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagForm = /^\w[\w.-]{0,127}$/;
const digestForm = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

const maxNameLength = 255;
/** Name, tag and the longest digest. */
const maxTextLength = maxNameLength + 129 + 136;

/**
 * Parses `[registry/]repository[:tag][@digest]` as Docker does: no registry means docker.io, one bare word means
 * `library/`, and neither tag nor digest means the tag `latest`.
 * @throws InvalidReferenceError
 */
export function parseImageReference(text: string): ImageReference {
  if (text.length > maxTextLength) throw new InvalidReferenceError(`the image reference ${shown(text)} is too long`);
  const [tagged, digest] = splitAt(text, text.indexOf('@'));
  const [name, tag] = splitAt(tagged, tagged.indexOf(':', tagged.lastIndexOf('/') + 1));
  const repository = parseRepository(name);
  if (digest !== undefined) assertDigest(digest);
  if (tag !== undefined) assertTag(tag);
  if (tag === undefined && digest === undefined) return { ...repository, tag: 'latest' };
  return { ...repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

const splitAt = (text: string, index: number): [string, string | undefined] =>
  index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];

/** Parses `[registry/]repository`, without tag or digest. @throws InvalidReferenceError */
export function parseRepository(text: string): Repository {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const hasRegistry = /[.:A-Z[]/.test(first) || first === 'localhost';
  const named = hasRegistry ? first.toLowerCase() : 'docker.io';
  const registry = named === 'index.docker.io' ? 'docker.io' : named;
  const path = hasRegistry ? text.slice(slash + 1) : text;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!isRegistryAddress(registry)) {
    throw new InvalidReferenceError(`${shown(text)} is no image name: ${shown(first)} is no registry host`);
  }
  assertRepository({ registry, repository });
  return { registry, repository };
}

/** The full name: registry, repository, and tag and digest where there are any. Parses back to the same reference. */
export function formatImageReference(reference: ImageReference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${formatRepository(reference)}${tag}${digest}`;
}

/** The full name of an image that may be another one tomorrow; undefined where a digest names it, and for what is no image. */
export function movableName(text: string): string | undefined {
  try {
    const parsed = parseImageReference(text);
    return parsed.digest === undefined ? formatImageReference(parsed) : undefined;
  } catch (error) {
    if (error instanceof InvalidReferenceError) return undefined;
    throw error;
  }
}

/** `registry/repository`, as in events and records. */
export const formatRepository = (of: Repository): string => `${of.registry}/${of.repository}`;

/** The same image, pinned: the digest instead of the tag. @throws InvalidReferenceError */
export function withDigest(reference: Repository, digest: string): ImageReference & { digest: string } {
  assertDigest(digest);
  return { registry: reference.registry, repository: reference.repository, digest };
}

/** `host[:port]`, a name, an IPv4 address or a bracketed IPv6 one. */
export const isRegistryAddress = (text: string): boolean => text.length <= maxNameLength && host.test(text);

/** Held before a repository goes into a path: what passes here cannot leave `/v2/`. @throws InvalidReferenceError */
export function assertRepository(of: Repository): void {
  const fits = formatRepository(of).length <= maxNameLength;
  if (fits && of.repository.split('/').every((part) => pathComponent.test(part))) return;
  throw new InvalidReferenceError(
    `${shown(of.repository)} is no repository name: parts of a-z and 0-9, joined by one of . _ __ or -, ` +
      `separated by /, ${maxNameLength} characters with the registry at most`,
  );
}

/** @throws InvalidReferenceError */
export function assertTag(tag: string): void {
  if (tagForm.test(tag)) return;
  throw new InvalidReferenceError(`${shown(tag)} is no tag: 1 to 128 of A-Z a-z 0-9 _ . -, not beginning with . or -`);
}

/** @throws InvalidReferenceError */
export function assertDigest(digest: string): void {
  if (digestForm.test(digest)) return;
  throw new InvalidReferenceError(`${shown(digest)} is no digest: sha256: and 64, or sha512: and 128, of 0-9 a-f`);
}

export const isDigest = (text: string): boolean => digestForm.test(text);

// Bad input ends on terminals and in logs: quoted, without control characters, cut.
const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
