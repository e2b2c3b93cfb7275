/** There is no such repository, or it hides from who may not see it. */
export class RepositoryNotFoundError extends Error {
  readonly code = 'repository-not-found';
  override readonly name = 'RepositoryNotFoundError';
}

/** The remote wants to know who asks, or does not let them. */
export class RemoteAuthError extends Error {
  readonly code = 'remote-auth';
  override readonly name = 'RemoteAuthError';
}

/** The remote cannot be reached, or answers nonsense. Try again later. */
export class RemoteUnavailableError extends Error {
  readonly code = 'remote-unavailable';
  override readonly name = 'RemoteUnavailableError';
}

/** The remote asks for fewer requests. */
export class RemoteBusyError extends Error {
  readonly code = 'remote-busy';
  override readonly name = 'RemoteBusyError';
  constructor(
    message: string,
    /** Do not ask again before, milliseconds. */
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

/** The remote speaks, but not protocol version 2 over HTTP: ask through git. Never leaves this library. */
export class NoProtocolV2Error extends Error {
  readonly code = 'no-protocol-v2';
  override readonly name = 'NoProtocolV2Error';
}
