import { z } from 'zod';

export const strategyName = z.enum(['buildkit', 'kaniko', 'makisu']);
export type StrategyName = z.infer<typeof strategyName>;

const pinned = z
  .string()
  .regex(/^\S+@sha256:[0-9a-f]{64}$/, 'must be an image by digest, like moby/buildkit@sha256:...');
const quantity = z
  .string()
  .regex(/^[0-9.]+(?:m|[KMGT]i?)?$/, 'must be a quantity as Kubernetes writes it, like 500m or 2Gi');

const place = {
  cpu: quantity.optional(),
  memory: quantity.optional(),
  disk: quantity.optional(),
  nodeSelector: z.record(z.string(), z.string()).optional(),
  tolerations: z.array(z.record(z.string(), z.union([z.string(), z.number()]))).optional(),
  /** How long a build may take, seconds. */
  timeoutSeconds: z.int().min(1).max(86_400).default(3600),
};

const buildkit = z.strictObject({
  image: pinned,
  ...place,
  /** A pool instead of a daemon in each Job: `tcp://buildkitd.keelson.svc:1234`. */
  addr: z
    .string()
    .regex(/^(?:tcp|unix):\/\/\S+$/, 'must be like tcp://host:port')
    .optional(),
  /** Secret with ca.crt, tls.crt and tls.key, for the pool. */
  tlsSecret: z.string().min(1).optional(),
  /** The daemon as an ordinary user, where the nodes allow user namespaces; otherwise it is privileged. */
  rootless: z.boolean().default(false),
});
const kaniko = z.strictObject({ image: pinned, ...place });
const makisu = z.strictObject({
  image: pinned,
  ...place,
  /** Redis for the layer cache's keys, `host:port`; absent: no cache. */
  redisCacheAddr: z
    .string()
    .regex(/^\S+:\d+$/, 'must be host:port')
    .optional(),
});

/** How this installation builds Dockerfiles. A strategy that is not here is not allowed. */
export const builderSettings = z.strictObject({
  /** The image with Keelson's pod helper, which brings the source into the pod. */
  helperImage: z.string().min(1),
  /** Where builders run, if not where tests do: a daemon in a Job is privileged, which that namespace may refuse. */
  namespace: z.string().min(1).optional(),
  buildkit: buildkit.optional(),
  kaniko: kaniko.optional(),
  makisu: makisu.optional(),
  /** Registries that are not plain HTTPS with a public certificate. */
  registries: z
    .array(
      z.strictObject({
        host: z.string().min(1),
        plainHttp: z.boolean().default(false),
        /** ConfigMap with the authority's certificate under ca.crt. */
        caConfigMap: z.string().min(1).optional(),
      }),
    )
    .default([]),
  /** Secrets of the namespace for the builders' own images. */
  pullSecrets: z.array(z.string().min(1)).default([]),
  /** Where layer caches go, below the registry that images go to. */
  cacheRepository: z.string().min(1).default('keelson-cache'),
});
export type BuilderSettings = z.infer<typeof builderSettings>;
