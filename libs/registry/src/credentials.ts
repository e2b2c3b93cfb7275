/** What a registry, or its token server, is told about us. Never log one. */
export type Credential =
  | { kind: 'password'; username: string; password: string }
  /** An OAuth2 refresh token, exchanged at the token server. */
  | { kind: 'identity-token'; token: string }
  /** A bearer token for the registry itself. */
  | { kind: 'registry-token'; token: string };

/**
 * Finds the login for a registry by its name (`docker.io`, `registry.example:5000`); undefined: stay anonymous.
 * Asked again whenever a login is needed and none is remembered.
 * @throws CredentialsError when there should be one but it cannot be read
 */
export type CredentialSource = (registry: string, signal: AbortSignal) => Promise<Credential | undefined>;

/** A login cannot be read: the docker configuration is malformed, or its credential helper failed. */
export class CredentialsError extends Error {
  readonly code = 'credentials';
  override readonly name = 'CredentialsError';
}
