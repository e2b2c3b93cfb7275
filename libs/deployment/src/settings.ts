import { duration, list, port, secretFile } from '@keelson/config';
import { z } from 'zod';
import { amqpUrl } from './amqp-url';
import { registryEntries } from './registry-entries';
import { s3Address, storeOrigin } from './s3-address';

/** One thing that can be set, for all services alike: the same name means the same everywhere. */
export type Setting<Schema extends z.ZodType = z.ZodType> = {
  schema: Schema;
  /** For people, one sentence. */
  what: string;
  /** As it would be written; undefined: none, and where `isRequired` is true it must be given. */
  written?: string;
  isRequired: boolean;
};

const required = <S extends z.ZodType>(schema: S, what: string): Setting<S> => ({ schema, what, isRequired: true });

const optional = <S extends z.ZodType>(schema: S, what: string): Setting<z.ZodOptional<S>> => ({
  ...{ schema: schema.optional(), what, isRequired: false },
});

const preset = <S extends z.ZodType<unknown, string>>(
  schema: S,
  written: string,
  what: string,
): Setting<z.ZodPrefault<S>> => ({
  ...{ schema: schema.prefault(written as z.input<S>), what, written, isRequired: false },
});

const flag = () => z.enum(['true', 'false']).transform((text) => text === 'true');
const count = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'is not a whole number from 1')
    .transform(Number);
const jsonText = () =>
  z.string().transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: `is not JSON: ${(error as Error).message}` });
      return z.NEVER;
    }
  });
/** A host, and a path below it where there is one; not a URL. */
const prefix = () =>
  z.string().regex(/^[^\s/:]+(:\d+)?(\/[^\s/]+)*$/, 'is not a registry with a path, as in registry.example/team');

/** Everything that a service's environment may say. Which of them a service reads, its config.ts names. */
export const settings = {
  amqp: required(amqpUrl(), 'RabbitMQ: `amqp://user@host:5672/vhost`, `amqps://` for TLS'),
  amqpPassword: optional(secretFile(), 'its password, where the address has none'),
  amqpApi: optional(z.url({ protocol: /^https?$/ }), "RabbitMQ's management API, for depths and policies"),
  amqpCaFile: optional(
    z.string(),
    'a file of certificates (PEM) to trust for `amqps://`, in the place of the usual ones, and for the management API beside them',
  ),
  s3: required(s3Address(), 'an S3-compatible store: `https://host:9000/bucket` or `https://host:9000/bucket/prefix`'),
  s3AccessKey: required(secretFile(), 'its access key'),
  s3SecretKey: required(secretFile(), 'its secret key'),
  s3Region: optional(z.string(), 'its region; `us-east-1`, when absent'),
  s3CaFile: optional(z.string(), 'a file of certificates (PEM) to trust for it, in the place of the usual ones'),
  s3Create: preset(flag(), 'false', 'whether the bucket is made where there is none'),
  registry: required(prefix(), 'where snapshots and images go: `registry.example/team`'),
  registries: preset(
    registryEntries(),
    '[]',
    'registries that need more said than their name: a JSON array of `{name, push, pull, pod, plainHttp, caFile}`',
  ),
  codec: preset(z.enum(['none', 'gzip-1']), 'gzip-1', 'how source layers are stored: `none` or `gzip-1`'),
  sources: preset(list(), '', 'what to watch, by commas: `https://git.example/team/widget^main`'),
  from: preset(z.enum(['head', 'now']), 'head', 'at the first look build what is there (`head`), or wait (`now`)'),
  sourceInterval: preset(duration(), '10s', 'how often a remote repository is looked at'),
  gitTokenFile: optional(z.string(), 'a file with a token for repositories over https'),
  images: preset(list(), '', 'image tags watched for pushes by others, by commas'),
  imageInterval: preset(duration(), '10s', 'how often watched tags are looked at'),
  baseInterval: preset(duration(), '5m', 'how often the tags of base images in use are looked at'),
  rebuildsPerMinute: preset(count(), '10', 'of images whose base has moved, how many are built again in a minute'),
  namespace: preset(z.string(), 'keelson-work', 'the Kubernetes namespace in which Jobs run'),
  kubeconfig: optional(z.string(), 'a kubeconfig; without it the service account of the pod'),
  anyNamespace: preset(flag(), 'false', 'whether Jobs may run in other namespaces too, and have them made'),
  builders: optional(jsonText(), 'which builders there are, JSON as in docs/builders.md; without it `append` alone'),
  buildLimit: preset(count(), '10', 'builds at work at once'),
  projectLimit: optional(count(), 'of these, and of tests, how many of one source'),
  podHelper: optional(
    z.string(),
    'the image of the pod helper, which keeps the artifacts of tests and brings sources to Job templates',
  ),
  podS3: optional(
    storeOrigin(),
    'the address of the store as pods of tests reach it, where it is another: `https://s3.example:9000`',
  ),
  jobAccounts: preset(list(), '', 'service accounts of the namespace whose tokens Jobs may ask for, by commas'),
  sealingKey: optional(
    secretFile(),
    'what rendered Job templates are sealed with: 32 random bytes in base64; without it there are none',
  ),
  templateEnv: preset(list(), '', 'variables that Job templates may read, by commas: `Registry,GITHUB_TOKEN`'),
  buildTimeout: preset(duration(), '1h', 'how long a build by a Job template may take'),
  testLimit: preset(count(), '20', 'tests at work at once'),
  logLimit: preset(count(), '2048', 'how much output of one build or test is kept, in MiB; its log says what is not'),
  cancelRunning: preset(flag(), 'false', 'whether a newer commit also cancels a running test of the same ref'),
  patience: preset(duration(), '10m', 'how long a neighbour that is away is waited for before a run ends in an error'),
  prefetch: preset(count(), '8', 'deliveries in work at once'),
  workDir: preset(z.string(), '/var/lib/keelson', 'a directory for mirrors of repositories; may be lost at any time'),
  healthPort: preset(port(), '8080', 'of `/healthz`, `/readyz` and `/metrics`'),
  healthHost: preset(z.string(), '0.0.0.0', 'the address they listen on'),
  logLevel: preset(z.enum(['debug', 'info', 'warn', 'error']), 'info', 'the least grave level that is logged'),
  dockerConfig: optional(z.string(), "the directory of a Docker config.json with the registries' credentials"),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

/** What leads to the bus. */
export const busSettings = ['amqp', 'amqpPassword', 'amqpApi', 'amqpCaFile'] as const;

/** What leads to the store. */
export const storeSettings = ['s3', 's3AccessKey', 's3SecretKey', 's3Region', 's3CaFile', 's3Create'] as const;

/** What every service reads. */
export const processSettings = [
  ...busSettings,
  ...storeSettings,
  ...(['prefetch', 'healthPort', 'healthHost', 'logLevel'] as const),
] as const;

/** What services read that talk to registries. */
export const registrySettings = ['registries', 'dockerConfig', 'patience'] as const;

/** How base images in use are looked at. */
export const baseSettings = ['baseInterval', 'rebuildsPerMinute'] as const;

/** What services read whose work is Jobs. */
export const jobSettings = [
  'namespace',
  'kubeconfig',
  'anyNamespace',
  'podHelper',
  'podS3',
  'jobAccounts',
  'projectLimit',
  'cancelRunning',
  'logLimit',
] as const;
