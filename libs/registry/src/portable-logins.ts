import path from 'node:path';
import { askCredentialHelper } from './credential-helper';
import { CredentialsError } from './credentials';
import type { Credential } from './credentials';
import { credentialOf, readConfig, serverOf, valueFor } from './docker-config';
import type { AuthEntry, DockerConfig } from './docker-config';

/** Helpers whose answers expire by themselves within hours. All others keep a person's password. */
const expiring: ReadonlySet<string> = new Set(['ecr-login', 'gcr', 'gcloud', 'acr-env']);

export type LoginsWanted = {
  /** By name: `docker.io`, `registry.example:5000`. */
  registries: readonly string[];
  /** The environment of credential helpers; default: this process's own. */
  env?: NodeJS.ProcessEnv | undefined;
};

/**
 * A config.json for where no credential helper is: the file's own logins, and for the registries that are wanted also what a helper
 * answers, if its answers expire. It holds secrets. Undefined when there is no file.
 * @throws CredentialsError also when only a helper that keeps a login for good has it
 */
export async function portableLogins(
  configDir: string,
  { registries, env }: LoginsWanted,
  signal: AbortSignal,
): Promise<string | undefined> {
  const config = await readConfig(path.join(configDir, 'config.json'));
  if (config === undefined) return undefined;
  const auths: Record<string, AuthEntry> = { ...config.auths };
  for (const registry of new Set(registries)) {
    const found = await fromHelper(config, { registry, env }, signal);
    if (found !== undefined) auths[serverOf(registry)] = entryOf(found);
  }
  return JSON.stringify({ auths });
}

async function fromHelper(
  config: DockerConfig,
  { registry, env }: { registry: string; env: NodeJS.ProcessEnv | undefined },
  signal: AbortSignal,
): Promise<Credential | undefined> {
  const name = valueFor(config.credHelpers, registry) ?? config.credsStore;
  if (name === undefined || name === '') return undefined;
  const own = valueFor(config.auths, registry);
  const isInFile = own !== undefined && credentialOf(own, registry) !== undefined;
  if (isInFile && !expiring.has(name)) return undefined;
  const found = await askCredentialHelper({ name, server: serverOf(registry), env }, signal);
  if (found !== undefined && !expiring.has(name)) throw kept(registry, name);
  return found;
}

const kept = (registry: string, helper: string): CredentialsError =>
  new CredentialsError(
    `the login for ${registry} is kept by docker-credential-${helper}, which pods cannot run and whose passwords are not handed out: ` +
      `write a login for it into the auths of config.json, or name a helper whose logins expire (${[...expiring].join(', ')})`,
  );

function entryOf(credential: Credential): AuthEntry {
  switch (credential.kind) {
    case 'identity-token':
      return { identitytoken: credential.token };
    case 'registry-token':
      return { registrytoken: credential.token };
    case 'password':
      return { auth: Buffer.from(`${credential.username}:${credential.password}`).toString('base64') };
  }
}
