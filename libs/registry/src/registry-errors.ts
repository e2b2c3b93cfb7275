import type { Repository } from './image-reference';

/** The registry cannot do it now: refused, unreachable, silent, 5xx or 429. The same call may work later. */
export class RegistryUnavailableError extends Error {
  readonly code = 'registry-unavailable';
  override readonly name = 'RegistryUnavailableError';
  /** How long the registry asked us to wait, in milliseconds; undefined when it did not say. */
  readonly retryAfterMs?: number;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
  }
}

/** The connection broke in the middle of an exchange. Inside this lib: worth trying again at once. */
export class ConnectionLostError extends RegistryUnavailableError {}

/** 401 or 403: a login is missing, wrong, or not allowed to do this. Trying again does not help. */
export class RegistryAuthError extends Error {
  readonly code = 'registry-auth';
  override readonly name = 'RegistryAuthError';
  readonly registry: string;
  readonly repository: string;

  constructor(message: string, where: Repository, options?: ErrorOptions) {
    super(message, options);
    this.registry = where.registry;
    this.repository = where.repository;
  }
}

/** There is no such repository, tag, manifest or blob. */
export class ImageNotFoundError extends Error {
  readonly code = 'image-not-found';
  override readonly name = 'ImageNotFoundError';
}

/** The registry answered, but not as the distribution specification says; or a set-up that can never work (TLS). */
export class RegistryProtocolError extends Error {
  readonly code = 'registry-protocol';
  override readonly name: string = 'RegistryProtocolError';
}

/** A manifest names blobs that the registry does not have. */
export class MissingBlobError extends RegistryProtocolError {}

/** The image exists, but not for this platform. */
export class PlatformNotFoundError extends Error {
  readonly code = 'platform-not-found';
  override readonly name = 'PlatformNotFoundError';

  constructor(
    message: string,
    /** The platforms there are, as `os/architecture[/variant]`. */
    readonly available: readonly string[],
  ) {
    super(message);
  }
}

/** What the reference names is no image that can be built upon: an artefact, or a format given up long ago. */
export class UnsupportedImageError extends Error {
  readonly code = 'unsupported-image';
  override readonly name = 'UnsupportedImageError';
}
