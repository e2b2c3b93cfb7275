import type { Settings } from '@keelson/deployment';
import { dockerDirectory, readEnvironment } from './config';
import { serverSettings } from './server-access';

/** Registries as a person has them: KEELSON_REGISTRIES, and the logins of Docker. @throws ConfigError */
export function remoteRegistries(): {
  registries: Settings<'registries'>['registries'];
  dockerConfig: string | undefined;
} {
  const environment = readEnvironment();
  const { registries } = serverSettings(['registries'], environment.variables);
  return { registries, dockerConfig: dockerDirectory(environment) };
}
