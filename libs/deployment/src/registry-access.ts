import { dockerConfigCredentials, RegistryClient } from '@keelson/registry';
import type { RegistryClientOptions } from '@keelson/registry';
import type { Settings } from './read-settings';

/** A client for the registries as they are set; credentials are Docker's own. */
export function registryAccess(
  { registries, dockerConfig }: Pick<Settings<'registries' | 'dockerConfig'>, 'registries' | 'dockerConfig'>,
  limits: Pick<RegistryClientOptions, 'requestsPerSecond'> = {},
): RegistryClient {
  return new RegistryClient({
    registries,
    ...limits,
    ...(dockerConfig === undefined ? {} : { credentials: dockerConfigCredentials(dockerConfig) }),
  });
}

/** The names of each registry that has several: what is recorded under one of them counts under all. */
export const sameRegistries = (registries: Settings<'registries'>['registries']): readonly (readonly string[])[] =>
  registries.map(({ name, push = name, pull = name }) => [...new Set([name, push, pull])]);
