import { z } from 'zod';
import { JobsError } from '../jobs';
import type { KubeObject, ManifestJob } from '../jobs';
import { kindPath } from './api-paths';
import {
  artifactsAnnotation,
  jobLabel,
  keepAnnotation,
  kindsAnnotation,
  kubeName,
  lastLineAnnotation,
  nameAnnotation,
  namespaceAnnotation,
  timeoutAnnotation,
} from './kube-names';

/** Objects as they are created: the Job last, when all that its pod needs is there. */
export type Prepared = { namespace: string; beside: readonly KubeObject[]; job: KubeObject };

export type PodGraces = {
  /** From SIGTERM to SIGKILL. */
  stopGraceMs: number;
  /** How long a pod may take to be up, images pulled, before its time is over in any case. */
  startMs: number;
};

const podSpecShape = z.looseObject({
  restartPolicy: z.string().optional(),
  terminationGracePeriodSeconds: z.number().optional(),
  automountServiceAccountToken: z.boolean().optional(),
  securityContext: z.looseObject({}).optional(),
  tolerations: z.array(z.looseObject({ key: z.string().optional() })).optional(),
  initContainers: z.array(z.looseObject({})).optional(),
  containers: z.array(z.looseObject({ name: z.string() })).min(1),
});
const jobShape = z.looseObject({
  activeDeadlineSeconds: z.number().positive().optional(),
  ttlSecondsAfterFinished: z.number().optional(),
  parallelism: z.literal(1).optional(),
  completions: z.literal(1).optional(),
  template: z.looseObject({
    metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }).optional(),
    spec: podSpecShape,
  }),
});
type PodSpec = z.infer<typeof podSpecShape>;

/** @throws JobsError naming the object that a job may not bring, or the part of the Job that does not do */
export function prepareObjects(job: ManifestJob, namespace: string, graces: PodGraces): Prepared {
  for (const object of job.objects) refuseUnknown(job, object, namespace);
  const jobs = job.objects.filter(({ kind }) => kind === 'Job');
  const [main] = jobs;
  if (main === undefined || jobs.length > 1) {
    throw refused(job, `it brings ${jobs.length} Jobs (${jobs.map(nameOf).join(', ')}): it must be exactly one`);
  }
  const beside = job.objects.filter((object) => object !== main).map((object) => ours(job, object, namespace));
  return { namespace, beside, job: preparedJob(job, { main, beside }, { namespace, graces }) };
}

function refuseUnknown(job: ManifestJob, object: KubeObject, namespace: string): void {
  if (kindPath(`${object.apiVersion} ${object.kind}`, namespace) === undefined) {
    throw refused(
      job,
      `${nameOf(object)} (${object.apiVersion}) is none of Job, Secret, ConfigMap, Service, PersistentVolumeClaim`,
    );
  }
  const other = object.metadata.namespace;
  if (other !== undefined && other !== namespace) {
    throw refused(job, `${nameOf(object)} is for the namespace ${other}, the job for ${namespace}`);
  }
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.name}`;

const refused = ({ name }: ManifestJob, why: string): JobsError =>
  new JobsError(`the job ${name} cannot be run: ${why}`, false, { fault: 'user' });

/** With our label. */
function ours({ name }: ManifestJob, object: KubeObject, namespace: string): KubeObject {
  const { metadata } = object;
  const labels = { ...metadata.labels, [jobLabel]: kubeName(name) };
  return { ...object, metadata: { ...metadata, namespace, labels } };
}

type Parts = { main: KubeObject; beside: readonly KubeObject[] };

function preparedJob(
  job: ManifestJob,
  { main, beside }: Parts,
  at: { namespace: string; graces: PodGraces },
): KubeObject {
  const shaped = jobShape.safeParse(main['spec']);
  if (!shaped.success) {
    const [issue] = shaped.error.issues;
    throw refused(job, `${nameOf(main)}: spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not right'}`);
  }
  // Both would delete the pod, and its log with it, before anybody has read it.
  const { activeDeadlineSeconds, ttlSecondsAfterFinished: _, template, ...spec } = shaped.data;
  const own = Math.min(job.timeoutMs, (activeDeadlineSeconds ?? Infinity) * 1000);
  const labelled = ours(job, main, at.namespace);
  const podLabels = { ...template.metadata?.labels, [jobLabel]: kubeName(job.name) };
  return {
    ...labelled,
    metadata: { ...labelled.metadata, name: kubeName(job.name), annotations: annotations(job, { main, beside }, own) },
    spec: {
      ...spec,
      // We try again ourselves, as a new attempt with a log of its own.
      backoffLimit: 0,
      template: {
        ...template,
        metadata: { ...template.metadata, labels: podLabels },
        spec: preparedPod(template.spec, { timeoutMs: own, graces: at.graces }),
      },
    },
  };
}

function annotations(job: ManifestJob, { main, beside }: Parts, timeoutMs: number): Record<string, string> {
  const kinds = [...new Set(beside.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))];
  const isOwn = job.namespace?.create === true;
  const about = job.namespace?.keep === true ? keepAnnotation : namespaceAnnotation;
  return {
    ...Object.fromEntries(Object.entries(main.metadata.annotations ?? {}).filter(([key]) => maySay(key))),
    ...(job.lastLine === undefined ? {} : { [lastLineAnnotation]: job.lastLine }),
    [nameAnnotation]: job.name,
    [timeoutAnnotation]: String(timeoutMs),
    [kindsAnnotation]: JSON.stringify(kinds),
    ...(isOwn ? { [about]: 'true' } : {}),
  };
}

/** Ours are believed: a template may not give them. But for the one that a command's Job brings, by which a template gets nothing. */
const maySay = (annotation: string): boolean =>
  !annotation.startsWith('keelson/') || annotation === artifactsAnnotation;

/** A node that is lost is given up after 30 s, not after the five minutes that are usual. */
const patience = ['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready'];

function preparedPod(spec: PodSpec, about: { timeoutMs: number; graces: PodGraces }): object {
  const { tolerations = [] } = spec;
  const added = patience
    .filter((key) => !tolerations.some((toleration) => toleration.key === key))
    .map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 }));
  return {
    ...spec,
    restartPolicy: 'Never',
    // Even the account that every pod has gives no token: only one that was asked for, and allowed, does.
    automountServiceAccountToken: accountOf(spec) !== undefined && spec.automountServiceAccountToken !== false,
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? Math.ceil(about.graces.stopGraceMs / 1000),
    activeDeadlineSeconds: Math.ceil((about.timeoutMs + about.graces.startMs) / 1000),
    securityContext: { seccompProfile: { type: 'RuntimeDefault' }, ...spec.securityContext },
    tolerations: [...tolerations, ...added],
    containers: spec.containers.map(telling),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(telling) }),
  };
}

const accountOf = (spec: PodSpec): unknown => spec['serviceAccountName'] ?? spec['serviceAccount'];

/** What a container said last tells why it failed, where it says nothing else. */
const telling = (container: object): object => ({ terminationMessagePolicy: 'FallbackToLogsOnError', ...container });
