import { z } from 'zod';
import { JobsError } from './jobs';
import type { CommandJob, JobSpec, ManifestJob } from './jobs';

/** It becomes a directory's name, and a Kubernetes object's: no `..`, no leading dot. */
const nameShape = /^[a-z0-9][a-z0-9.-]{0,62}$/;
const noNul = z.string().refine((text) => !text.includes('\0'), 'has a NUL byte in it');
const variable = z.string().regex(/^[^=\0]+$/, 'is not the name of a variable');
const words = z.array(noNul).min(1).readonly();
const port = z.int().min(1).max(65535);
const text = z.string().min(1);
const label = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'must be lower-case letters, digits and -');

const service = z.strictObject({
  name: label,
  image: text,
  command: words.exactOptional(),
  env: z.record(variable, noNul).readonly().exactOptional(),
  ready: z.union([
    z.strictObject({ port }),
    z.strictObject({ command: words }),
    z.strictObject({ httpGet: z.strictObject({ port, path: text }) }),
  ]),
});

const toleration = z.strictObject({
  key: text.exactOptional(),
  operator: z.enum(['Exists', 'Equal']).exactOptional(),
  value: z.string().exactOptional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).exactOptional(),
});

const resources = z.strictObject({
  cpu: text.exactOptional(),
  memory: text.exactOptional(),
  disk: text.exactOptional(),
  devices: z.record(text, z.int().min(1)).readonly().exactOptional(),
  nodeSelector: z.record(text, z.string()).readonly().exactOptional(),
  tolerations: z.array(toleration).readonly().exactOptional(),
  pullSecrets: z.array(text).readonly().exactOptional(),
});

export const commandJob: z.ZodType<CommandJob> = z.strictObject({
  name: z.string().regex(nameShape),
  image: text,
  command: words,
  env: z.record(variable, noNul).readonly(),
  workdir: text,
  timeoutMs: z.number().positive(),
  artifacts: z.array(text).readonly(),
  secrets: z
    .record(variable, z.strictObject({ secret: text, key: text }))
    .readonly()
    .exactOptional(),
  services: z.array(service).readonly().exactOptional(),
  resources: resources.exactOptional(),
  serviceAccount: text.exactOptional(),
  namespace: label.exactOptional(),
});

const labels = z.record(z.string(), z.string()).readonly();
const kubeObject = z.looseObject({
  apiVersion: text,
  kind: text,
  metadata: z.looseObject({
    name: text,
    namespace: text.exactOptional(),
    labels: labels.exactOptional(),
    annotations: labels.exactOptional(),
  }),
});

export const manifestJob: z.ZodType<ManifestJob> = z.strictObject({
  name: z.string().regex(nameShape),
  timeoutMs: z.number().positive(),
  objects: z.array(kubeObject).min(1).readonly(),
  namespace: z.strictObject({ name: label, create: z.boolean(), keep: z.boolean() }).exactOptional(),
  lastLine: text.exactOptional(),
});

/** @throws JobsError when no job could ever run by this */
export function checkSpec<S extends JobSpec>(spec: S): S {
  const checked = (isManifest(spec) ? manifestJob : commandJob).safeParse(spec);
  if (checked.success) return spec;
  const faults = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new JobsError(`the job ${JSON.stringify(spec.name)} cannot be run: ${faults.join('; ')}`, false, {
    fault: 'user',
  });
}

export const isManifest = (spec: JobSpec): spec is ManifestJob => 'objects' in spec;

const clusterOnly = ['secrets', 'services', 'resources', 'serviceAccount', 'namespace'] as const;

/** A job that needs nothing but a machine. @throws JobsError when it asks for what only a cluster has */
export function machineJob(spec: JobSpec): CommandJob {
  const checked = checkSpec(spec);
  const asked = isManifest(checked) ? ['Kubernetes objects'] : clusterOnly.filter((key) => checked[key] !== undefined);
  if (!isManifest(checked) && asked.length === 0) return checked;
  throw new JobsError(`the job ${spec.name} asks for ${asked.join(', ')}: that needs a cluster`, false, {
    fault: 'user',
  });
}

/** A name that no job can have is the name of no job. */
export const isJobName = (name: string): boolean => nameShape.test(name);
