import { join } from 'node:path';
import type { Settings } from '@keelson/deployment';
import { readEnvironment } from './config';
import { serverSettings } from './server-access';

/** Registries as a person has them: KEELSON_REGISTRIES, and the logins of Docker. @throws ConfigError */
export function remoteRegistries(): {
  registries: Settings<'registries'>['registries'];
  dockerConfig: string | undefined;
} {
  const { registries } = serverSettings(['registries'], readEnvironment().variables);
  return { registries, dockerConfig: dockerDirectory() };
}

export function dockerDirectory(): string | undefined {
  const { dockerConfig, home } = readEnvironment();
  return dockerConfig ?? (home === undefined ? undefined : join(home, '.docker'));
}
