import { z } from 'zod';
import type { ManifestObject } from './manifest-object';

/** Where a pod finds the commit's source: `.Dir` of a template. */
export const sourceDir = '/keelson/source';
export const sourceVolume = 'keelson-source';

const mount = z.looseObject({ name: z.string(), mountPath: z.string(), subPath: z.string().optional() });
const container = z.looseObject({ name: z.string(), volumeMounts: z.array(mount).nullish() });
const volume = z.looseObject({ name: z.string(), hostPath: z.looseObject({ path: z.string() }).nullish() });
const podSpec = z.looseObject({
  initContainers: z.array(container).nullish(),
  containers: z.array(container),
  volumes: z.array(volume).nullish(),
});
const jobSchema = z.looseObject({
  spec: z.looseObject({ template: z.looseObject({ spec: podSpec }) }),
});
export type Container = z.infer<typeof container>;
type Volume = z.infer<typeof volume>;

/** A Job that has no pod as far as can be read. The cluster would say the same. */
export class JobShapeError extends Error {
  readonly code = 'job-shape';
  override readonly name = 'JobShapeError';
}

export type WithSource = {
  objects: readonly ManifestObject[];
  /** What was changed that the author may not expect. */
  warnings: readonly string[];
};

/**
 * The same objects, the Job's pod with the source in `sourceDir`: a volume that the first init container fills and every container sees.
 * A `hostPath` volume to that directory, which would find nothing on a node, becomes this volume.
 * @param filler the init container that fills it; the mount is added here @param needed further volumes, for the filler
 * @throws JobShapeError
 */
export function withSource(
  objects: readonly ManifestObject[],
  filler: Container,
  needed: readonly { name: string }[] = [],
): WithSource {
  const warnings: string[] = [];
  const changed = objects.map((object) =>
    object.kind === 'Job' ? jobWithSource(object, { filler, needed }, warnings) : object,
  );
  return { objects: changed, warnings };
}

type Filling = { filler: Container; needed: readonly { name: string }[] };

function jobWithSource(job: ManifestObject, { filler, needed }: Filling, warnings: string[]): ManifestObject {
  const parsed = jobSchema.safeParse(job);
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? 'spec';
    throw new JobShapeError(`the Job ${job.metadata.name} has no such pod as a cluster takes: see its ${at}`);
  }
  const { spec } = parsed.data;
  const pod = spec.template.spec;
  const { onHost, volumes } = replaceable(pod.volumes ?? [], warnings);
  const see = (one: Container): Container => seeing(one, onHost);
  const replaced = {
    ...pod,
    initContainers: [seeing(filler, new Map()), ...(pod.initContainers ?? []).map(see)],
    containers: pod.containers.map(see),
    volumes: [...volumes, { name: sourceVolume, emptyDir: {} }, ...needed],
  };
  return { ...job, spec: { ...spec, template: { ...spec.template, spec: replaced } } };
}

/** The hostPath volumes that mean the source, by name with the path below it; and the volumes that stay. */
function replaceable(all: readonly Volume[], warnings: string[]): { onHost: Map<string, string>; volumes: Volume[] } {
  const onHost = new Map<string, string>();
  for (const { name, hostPath } of all) {
    if (hostPath === undefined || hostPath === null) continue;
    const inside = insideSource(hostPath.path);
    if (inside === undefined) continue;
    onHost.set(name, inside);
    warnings.push(`the hostPath volume ${name} (${hostPath.path}) is replaced by the commit's source in a volume`);
  }
  return { onHost, volumes: all.filter(({ name }) => !onHost.has(name)) };
}

/** The path below the source; empty for the source itself, undefined for what is elsewhere. */
function insideSource(hostPath: string): string | undefined {
  const path = hostPath.replace(/\/+$/, '');
  if (path === sourceDir) return '';
  return path.startsWith(`${sourceDir}/`) ? path.slice(sourceDir.length + 1) : undefined;
}

function seeing(one: Container, onHost: ReadonlyMap<string, string>): Container {
  const mounts = (one.volumeMounts ?? []).map((present) => {
    const inside = onHost.get(present.name);
    if (inside === undefined) return present;
    const subPath = [inside, present.subPath ?? ''].filter((part) => part !== '').join('/');
    return { ...present, name: sourceVolume, ...(subPath === '' ? {} : { subPath }) };
  });
  const isTaken = mounts.some(({ mountPath }) => mountPath.replace(/\/+$/, '') === sourceDir);
  return { ...one, volumeMounts: isTaken ? mounts : [...mounts, { name: sourceVolume, mountPath: sourceDir }] };
}
