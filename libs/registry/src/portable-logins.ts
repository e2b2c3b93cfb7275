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
  /**
   * Those that may let anybody read: pods go without what only a keychain has for them. Asked for where there may be a login for them: the
   * file has one of another registry, or a helper's answers expire.
   */
  bases?: (() => Promise<readonly string[]>) | undefined;
  /** The environment of credential helpers; default: this process's own. */
  env?: NodeJS.ProcessEnv | undefined;
};

/**
 * A config.json for where no credential helper is: for the registries that are wanted, and those of bases, the file's own logins and what a
 * helper answers, if its answers expire; of no other registry, for commands of a build may read it. It holds secrets. Undefined: there is no file.
 * @throws CredentialsError also when only a helper that keeps a login for good has it
 */
export async function portableLogins(
  configDir: string,
  { registries, bases, env }: LoginsWanted,
  signal: AbortSignal,
): Promise<string | undefined> {
  const config = await readConfig(path.join(configDir, 'config.json'));
  if (config === undefined) return undefined;
  const further = bases !== undefined && mayHaveMore(config, registries) ? [...new Set(await bases())] : [];
  const auths = loginsFor([...registries, ...further], config);
  for (const registry of new Set(registries)) {
    const found = await fromHelper(config, { registry, env }, signal);
    if (found !== undefined) auths[serverOf(registry)] = entryOf(found);
  }
  for (const registry of further.filter((name) => !registries.includes(name)).slice(0, mostBases)) {
    const found = await forBase(config, { registry, env }, signal);
    if (found !== undefined) auths[serverOf(registry)] = entryOf(found);
  }
  return JSON.stringify({ auths });
}

/** The file's own, under the keys that they have there: a registry may have several, of its paths. */
function loginsFor(registries: readonly string[], { auths = {} }: DockerConfig): Record<string, AuthEntry> {
  const isWanted = (server: string) => registries.some((registry) => valueFor({ [server]: true }, registry) === true);
  return Object.fromEntries(Object.entries(auths).filter(([server]) => isWanted(server)));
}

/** Whether there may be a login for a registry besides these. */
const mayHaveMore = (config: DockerConfig, registries: readonly string[]): boolean =>
  helpersOf(config).some((name) => expiring.has(name)) ||
  Object.keys(config.auths ?? {}).length > Object.keys(loginsFor(registries, config)).length;

/** A file of somebody's names them, and each is a process. */
const mostBases = 20;

const helpersOf = ({ credHelpers = {}, credsStore }: DockerConfig): readonly string[] => [
  ...Object.values(credHelpers),
  ...(credsStore === undefined ? [] : [credsStore]),
];

/** The general store may fail on a registry that is none of its own; one that is named for this registry may not. */
async function forBase(config: DockerConfig, of: Asked, signal: AbortSignal): Promise<Credential | undefined> {
  const own = valueFor(config.credHelpers, of.registry);
  if (!expiring.has(own ?? config.credsStore ?? '')) return undefined;
  try {
    return await fromHelper(config, of, signal);
  } catch (error) {
    if (own !== undefined || !(error instanceof CredentialsError)) throw error;
    return undefined;
  }
}

type Asked = { registry: string; env: NodeJS.ProcessEnv | undefined };

async function fromHelper(
  config: DockerConfig,
  { registry, env }: Asked,
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
