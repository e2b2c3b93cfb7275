import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Variables } from './on-servers';

/** What the command takes from the environment. */
export type Environment = {
  /** KEELSON_DATA: the data directory, where --data does not say. */
  data: string | undefined;
  /** NO_COLOR (https://no-color.org): any value turns colours off. */
  noColor: boolean;
  /** DOCKER_CONFIG: where Docker keeps its config.json. */
  dockerConfig: string | undefined;
  /** KUBECONFIG: kubectl's file, or several. */
  kubeconfig: string | undefined;
  /** HOME, for the configuration files that live there. */
  home: string | undefined;
  /** KEELSON_AMQP, KEELSON_S3 and what goes with them: see `settings` in libs/deployment. */
  variables: Variables;
};

/** The environment, read once. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  return {
    data: env.KEELSON_DATA === '' ? undefined : env.KEELSON_DATA,
    noColor: env.NO_COLOR !== undefined && env.NO_COLOR !== '',
    dockerConfig: env.DOCKER_CONFIG,
    kubeconfig: env.KUBECONFIG === '' ? undefined : env.KUBECONFIG,
    home: env.HOME,
    variables: env,
  };
}

/** The directory of Docker's config.json; undefined where nobody has a home. */
export const dockerDirectory = ({ dockerConfig, home }: Environment): string | undefined =>
  dockerConfig ?? (home === undefined ? undefined : join(home, '.docker'));

/** The kubeconfig that kubectl would read; undefined where there is none, as in a pod. */
export function kubeconfigOf({ kubeconfig, home }: Pick<Environment, 'kubeconfig' | 'home'>): string | undefined {
  const file = home === undefined ? undefined : join(home, '.kube', 'config');
  return kubeconfig ?? (file !== undefined && existsSync(file) ? file : undefined);
}
