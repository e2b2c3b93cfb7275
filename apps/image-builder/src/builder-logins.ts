import { JobsError } from '@keelson/jobs';
import { CredentialsError, portableLogins } from '@keelson/registry';
import type { BuildWork } from './deps';

/** Logins for builders out of a directory's config.json. A fault in them is the installation's, and does not pass by itself. */
export function builderLogins(configDir: string, env?: NodeJS.ProcessEnv): NonNullable<BuildWork['dockerConfig']> {
  return async (wanted, signal) => {
    try {
      return await portableLogins(configDir, { ...wanted, env }, signal);
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      throw new JobsError(error.message, false, { cause: error });
    }
  };
}
