import type { AuthChallenge } from './auth-challenge';
import type { Credential, CredentialSource } from './credentials';

const lookupMs = 60_000;

/** What is known about logging in at one registry: how it wants it, and our login if there is one. */
export class RegistryLogin {
  /** The last challenge: later requests bring what it asked for at once. */
  challenge: AuthChallenge | undefined;
  /** False until a login was found: messages then say that one may be missing. */
  isPresent = false;
  private found: Promise<Credential | undefined> | undefined;

  constructor(
    private readonly source: CredentialSource,
    /** Whose logins may be sent to this registry, best first. */
    private readonly names: readonly string[],
  ) {}

  /** Looked up once for all who wait, so bounded by its own time and by no single caller's signal. @throws CredentialsError */
  credential(): Promise<Credential | undefined> {
    this.found ??= this.lookUp().catch((error: unknown) => {
      this.forget();
      throw error;
    });
    return this.found;
  }

  /** The login was refused: it is looked up again, for it may have been renewed. */
  forget(): void {
    this.found = undefined;
    this.isPresent = false;
  }

  private async lookUp(): Promise<Credential | undefined> {
    for (const name of this.names) {
      const credential = await this.source(name, AbortSignal.timeout(lookupMs));
      if (credential === undefined) continue;
      this.isPresent = true;
      return credential;
    }
    return undefined;
  }
}
