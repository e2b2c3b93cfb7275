import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { askCredentialHelper } from './credential-helper';
import { CredentialsError } from './credentials';
import type { Credential, CredentialSource } from './credentials';

const authEntry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
export type AuthEntry = z.infer<typeof authEntry>;

const dockerConfig = z.object({
  auths: z.record(z.string(), authEntry).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
export type DockerConfig = z.infer<typeof dockerConfig>;

/** Docker Hub's logins are kept under the address of an API long gone. */
const hubServer = 'https://index.docker.io/v1/';

/** What helpers and the file call a registry. */
export const serverOf = (registry: string): string => (registry === 'docker.io' ? hubServer : registry);

/**
 * The logins of `docker login`: `config.json` in the directory, read anew each time so that a later login counts.
 * Order as in Docker: the registry's own helper, the general store, then the file's entries. No file: no logins.
 * @param env the environment of credential helpers; default: this process's own
 */
export function dockerConfigCredentials(configDir: string, env?: NodeJS.ProcessEnv): CredentialSource {
  return async (registry, signal) => {
    const config = await readConfig(path.join(configDir, 'config.json'));
    if (config === undefined) return undefined;
    const helper = valueFor(config.credHelpers, registry) ?? config.credsStore;
    if (helper !== undefined && helper !== '') {
      const found = await askCredentialHelper({ name: helper, server: serverOf(registry), env }, signal);
      if (found !== undefined) return found;
    }
    const entry = valueFor(config.auths, registry);
    return entry === undefined ? undefined : credentialOf(entry, registry);
  };
}

/** Undefined when there is no file. @throws CredentialsError */
export async function readConfig(file: string): Promise<DockerConfig | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CredentialsError(`the docker configuration ${file} cannot be read`, { cause });
  }
  try {
    return dockerConfig.parse(JSON.parse(text));
  } catch {
    // No cause: a parser's message may quote the file, and the file holds secrets.
    throw new CredentialsError(`the docker configuration ${file} is malformed`);
  }
}

export function valueFor<T>(entries: Record<string, T> | undefined, registry: string): T | undefined {
  const found = Object.entries(entries ?? {}).find(([key]) => registryOf(key) === registry);
  return found?.[1];
}

/** Keys come as hosts and as URLs with a path; Docker Hub under several names. */
function registryOf(key: string): string {
  const address = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const hub = ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'];
  return hub.includes(address) ? 'docker.io' : address.toLowerCase();
}

export function credentialOf(entry: AuthEntry, registry: string): Credential | undefined {
  if (entry.identitytoken) return { kind: 'identity-token', token: entry.identitytoken };
  if (entry.registrytoken) return { kind: 'registry-token', token: entry.registrytoken };
  if (entry.auth) {
    const decoded = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    if (colon <= 0) throw new CredentialsError(`the docker configuration's login for ${registry} is malformed`);
    return { kind: 'password', username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }
  const { username, password } = entry;
  return username && password ? { kind: 'password', username, password } : undefined;
}
