import { z } from 'zod';
import { hasNoNul, nulMessage, textMap } from './text-map';

/** What a test gets from a cluster, as it is written; Kubernetes' own words where it has them. */

const text = z.string().min(1, 'may not be empty');
const label = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and -, at most 63');
const words = z.array(z.string().refine(hasNoNul, nulMessage)).min(1, 'must hold a program');
const port = z.int().min(1, 'must lie between 1 and 65535').max(65_535, 'must lie between 1 and 65535');
const quantity = z
  .union([z.string(), z.number()])
  .transform(String)
  .refine(
    (amount) => /^\d+(?:\.\d+)?(?:m|[kMGTPE]|[KMGTPE]i)?$/.test(amount),
    'must be a quantity like 2, 500m or 4Gi',
  );

export const testVariable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'must be letters, digits and _, without a digit in front')
  .refine((name) => !name.startsWith('KEELSON_'), 'begins with KEELSON_: Keelson sets these itself');

export const testSecrets = z
  .record(
    testVariable,
    z.strictObject({
      secret: text.meta({ description: 'Secret of the namespace.' }),
      key: text.meta({ description: 'Key in it.' }),
    }),
  )
  .meta({ description: 'Variables whose values are in Secrets of the namespace. On a cluster.' });

const service = z.strictObject({
  name: label.meta({ description: 'What the test reaches it by, as it does by localhost.' }),
  image: text,
  command: words.exactOptional().meta({ description: "Program and arguments. Default: the image's own." }),
  env: textMap(testVariable).exactOptional(),
  ready: z
    .union([
      z.strictObject({ port }),
      z.strictObject({ command: words }),
      z.strictObject({ httpGet: z.strictObject({ port, path: text }) }),
    ])
    .meta({ description: 'When it is up: a port that is open, a command that succeeds, a page that answers.' }),
});

export const testServices = z
  .array(service)
  .max(20, 'may have at most 20 entries')
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'has two services of one name')
  .meta({ description: 'Servers that are up before the test and gone after it. On a cluster.' });

const toleration = z.strictObject({
  key: text.exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: z.string().exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
});

export const testResources = z
  .strictObject({
    cpu: quantity.exactOptional().meta({ description: 'Processors that it is sure to get; more if they are idle.' }),
    memory: quantity.exactOptional().meta({ description: 'Memory that it is sure to get, and at most.' }),
    disk: quantity.exactOptional().meta({ description: "Of the node's disk, beside the image, at most." }),
    gpus: z
      .int()
      .min(1, 'must be at least 1')
      .exactOptional()
      .meta({ description: 'Short for nvidia.com/gpu in devices.' }),
    devices: z
      .record(text, z.int().min(1, 'must be at least 1'))
      .exactOptional()
      .meta({ description: 'Whole devices by the names of their resources, like amd.com/gpu.' }),
    nodeSelector: textMap(text).exactOptional().meta({ description: 'Labels that the node must have.' }),
    tolerations: z
      .array(toleration)
      .max(20, 'may have at most 20 entries')
      .exactOptional()
      .meta({ description: 'Taints of nodes that the test may run on all the same.' }),
    pullSecrets: z
      .array(text)
      .max(20, 'may have at most 20 entries')
      .exactOptional()
      .meta({ description: 'Secrets of the namespace with credentials for the images.' }),
  })
  .meta({ description: 'What the test gets of the machines. On a cluster.' });

export const testAccount = text.meta({
  description: 'Account whose token the test gets. On a cluster. Default: none.',
});
export const testNamespace = label.meta({
  description: 'Namespace that the test runs in. On a cluster. Default: that of all work.',
});
