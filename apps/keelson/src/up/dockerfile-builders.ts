import { builderLogins, parseBuilders } from '@keelson/app-image-builder';
import type { BuildWork } from '@keelson/app-image-builder';
import { readEnvironment } from '../config';
import { serverSettings } from '../server-access';

/** Which builders Dockerfiles may have, as the environment says it; none where it does not. @throws ConfigError */
export function dockerfileBuilders(): Pick<BuildWork, 'builders' | 'dockerConfig'> {
  const { builders, dockerConfig } = serverSettings(['builders', 'dockerConfig'], readEnvironment().variables);
  return {
    ...(builders === undefined ? {} : { builders: parseBuilders(builders) }),
    ...(dockerConfig === undefined ? {} : { dockerConfig: builderLogins(dockerConfig) }),
  };
}
