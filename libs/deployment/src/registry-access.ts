import { dockerConfigCredentials, RegistryClient } from '@keelson/registry';
import type { Settings } from './read-settings';

/** A client for the registries as they are set; credentials are Docker's own. */
export function registryAccess({
  registries,
  dockerConfig,
}: Pick<Settings<'registries' | 'dockerConfig'>, 'registries' | 'dockerConfig'>): RegistryClient {
  return new RegistryClient({
    registries,
    ...(dockerConfig === undefined ? {} : { credentials: dockerConfigCredentials(dockerConfig) }),
  });
}
