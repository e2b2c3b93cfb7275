import type { CredentialSource } from '../credentials';
import { testLogin } from './private-registry';

/** The test's login, for one registry and no other. */
export const loginFor =
  (registry: string): CredentialSource =>
  (asked) =>
    Promise.resolve(asked === registry ? { kind: 'password', ...testLogin } : undefined);
