import { UsageError } from './usage-error';

/** The variables that name servers, and say how to reach them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** What is on servers instead of in the data directory. */
export type OnServers = {
  /** RabbitMQ has the events. */
  bus: boolean;
  /** An S3-compatible store has the records, logs and artifacts. */
  objects: boolean;
  /** The environment, with what the command line says besides. */
  variables: Variables;
};

export type ServerOptions = { amqp?: string; s3?: string };

/** Which servers are named by the command line or by the environment; undefined: none. @throws UsageError for a password in the command line */
export function onServers(options: ServerOptions, environment: Variables): OnServers | undefined {
  refusePassword('--amqp', options.amqp, 'KEELSON_AMQP_PASSWORD_FILE');
  refusePassword('--s3', options.s3, 'KEELSON_S3_SECRET_KEY_FILE');
  // What the command line names counts more than either variable.
  const variables = {
    ...environment,
    ...(options.amqp === undefined ? {} : { KEELSON_AMQP: options.amqp, KEELSON_AMQP_FILE: undefined }),
    ...(options.s3 === undefined ? {} : { KEELSON_S3: options.s3 }),
  };
  const bus = isSet(variables.KEELSON_AMQP) || isSet(variables.KEELSON_AMQP_FILE);
  const objects = isSet(variables.KEELSON_S3);
  return bus || objects ? { bus, objects, variables } : undefined;
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

function refusePassword(option: string, url: string | undefined, instead: string): void {
  if (url === undefined || !URL.canParse(url) || new URL(url).password === '') return;
  throw new UsageError(
    `the address after ${option} has a password in it, which everybody on this machine could read: leave it out, and name its file in ${instead}`,
  );
}
