import { suiteUnless } from './suite';
import type { Suite } from './suite';

/** The addresses of the testbed's servers, as `testbed/up` prints them. From pods, replace 127.0.0.1 by `hostIp`. */
export type Servers = {
  /** RabbitMQ: `amqp://user:password@host:port`. */
  amqp: string;
  /** Its management API: `http://user:password@host:port`. */
  rabbitApi: string;
  /** MinIO. */
  s3: { endpoint: string; accessKey: string; secretKey: string };
  /** An OCI registry over plain HTTP, as images are named, on this machine and in pods: `host:port`. */
  registry: string;
  /** `host:port`. */
  redis: string;
  /** Path of an administrator's kubeconfig. */
  kubeconfig: string;
  /** Where pods reach this machine. */
  hostIp: string;
};

const variablesOf: Record<keyof Servers, readonly string[]> = {
  amqp: ['TESTBED_AMQP_URL'],
  rabbitApi: ['TESTBED_RABBITMQ_API'],
  s3: ['TESTBED_S3_ENDPOINT', 'TESTBED_S3_ACCESS_KEY', 'TESTBED_S3_SECRET_KEY'],
  registry: ['TESTBED_REGISTRY'],
  redis: ['TESTBED_REDIS'],
  kubeconfig: ['TESTBED_KUBECONFIG'],
  hostIp: ['TESTBED_HOST_IP'],
};

const variable = (name: string): string => process.env[name] ?? '';

/** The servers as the environment names them; those it does not name are empty, and `describeOn` skips what needs them. */
export const servers: Servers = {
  amqp: variable('TESTBED_AMQP_URL'),
  rabbitApi: variable('TESTBED_RABBITMQ_API'),
  s3: {
    endpoint: variable('TESTBED_S3_ENDPOINT'),
    accessKey: variable('TESTBED_S3_ACCESS_KEY'),
    secretKey: variable('TESTBED_S3_SECRET_KEY'),
  },
  registry: variable('TESTBED_REGISTRY'),
  redis: variable('TESTBED_REDIS'),
  kubeconfig: variable('TESTBED_KUBECONFIG'),
  hostIp: variable('TESTBED_HOST_IP'),
};

/** `describe` where these servers are there; see `suiteUnless`. */
export function describeOn(needs: readonly (keyof Servers)[]): Suite {
  const missing = needs.flatMap((need) => variablesOf[need]).filter((name) => variable(name) === '');
  return suiteUnless(
    missing.length === 0 ? undefined : `${missing.join(', ')} not set: \`npm run testbed -- up\` starts the servers`,
  );
}
