import { inspect } from 'node:util';

/** User name and password for one remote. Prints and serialises as `***`, so that it cannot slip into a log or a record. */
export class UrlCredentials {
  readonly #username: string;
  readonly #password: string;

  constructor(username: string, password: string) {
    this.#username = username;
    this.#password = password;
  }

  get username(): string {
    return this.#username;
  }

  /** The value of an HTTP `Authorization` header (RFC 7617). */
  basicAuthorization(): string {
    return `Basic ${Buffer.from(`${this.#username}:${this.#password}`, 'utf8').toString('base64')}`;
  }

  /** As `git credential` wants to hear it again. */
  describe(): string {
    return `username=${this.#username}\npassword=${this.#password}\n`;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}
