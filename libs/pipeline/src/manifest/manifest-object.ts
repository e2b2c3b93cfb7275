import { z } from 'zod';

/** What a template may hold besides its one Job. */
const kinds: Readonly<Record<string, string>> = {
  Job: 'batch/v1',
  Secret: 'v1',
  Service: 'v1',
  ConfigMap: 'v1',
  PersistentVolumeClaim: 'v1',
};

// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const maxLabel = 63;
const maxSubdomain = 253;

const texts = z.record(z.string(), z.string());
const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: texts.optional(),
    annotations: texts.optional(),
  }),
});

/** A Kubernetes object, as far as Keelson reads it; the cluster checks the rest. */
export type ManifestObject = {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
  };
  [field: string]: unknown;
};

/** An object, or what is wrong with it and at which path. */
export type CheckedObject = { object: ManifestObject } | { path: readonly string[]; message: string; hint?: string };

/** Whether it is one of those that a template may hold, and has a name that the cluster would take. */
export function checkObject(value: unknown): CheckedObject {
  const kind = textAt(value, 'kind');
  if (kind === undefined) return { path: [], message: 'an object without a kind' };
  const version = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (version === undefined) return { path: ['kind'], ...refused(kind) };
  const { data, error } = objectSchema.safeParse(value);
  if (data === undefined) {
    const path = (error.issues[0]?.path ?? []).map(String);
    return { path, message: `${kind}: ${path.join('.')} must be text` };
  }
  const object = data as ManifestObject; // what is not there was not written: no key is undefined
  if (object.apiVersion !== version) {
    return { path: ['apiVersion'], message: `${kind} of ${object.apiVersion} is not taken`, hint: `write ${version}` };
  }
  return namesFault(object) ?? { object };
}

function namesFault({ kind, metadata }: ManifestObject): CheckedObject | undefined {
  const { name, namespace } = metadata;
  const inNamespace = namespace === undefined ? undefined : nameFault('namespace', namespace, true);
  return nameFault('name', name, kind === 'Service' || kind === 'Job') ?? inNamespace;
}

function refused(kind: string): { message: string; hint: string } {
  const hint =
    kind === 'Namespace'
      ? 'a template that writes {{ .Namespace }} gets one made'
      : `it may hold one Job, and ${Object.keys(kinds).slice(1).join('s, ')}s`;
  return { message: `a template may hold no ${kind.slice(0, maxLabel)}`, hint };
}

function nameFault(key: string, name: string, isLabel: boolean): CheckedObject | undefined {
  const most = isLabel ? maxLabel : maxSubdomain;
  const path = ['metadata', key];
  if (name.length > most) return { path, message: `the ${key} has ${name.length} characters; it may have ${most}` };
  if ((isLabel ? label : subdomain).test(name)) return undefined;
  return { path, message: `${JSON.stringify(name)} can be no ${key}`, hint: 'a-z, 0-9 and hyphens, as in widget-1' };
}

function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
