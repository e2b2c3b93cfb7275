import type { JobEnd } from '../jobs';
import { isStatus } from './api-refusal';
import { jobsPath, kindPath, namedPath, podsPath } from './api-paths';
import { dropNamespace } from './ensure-job';
import type { FoundJob } from './find-job';
import { endText } from './judge-job';
import type { KubeHost } from './kube-host';
import {
  artifactsAnnotation,
  endAnnotation,
  jobLabel,
  keepAnnotation,
  keptLabel,
  kindsAnnotation,
  kubeName,
  namespaceAnnotation,
} from './kube-names';
import type { PodObject } from './kube-objects';

/**
 * Ends a job and keeps it, its pod and its log. Deleting the pod would delete its log; a deadline that is over makes the kubelet end its containers
 * (SIGTERM, the grace period, SIGKILL) and keep it. One that no kubelet has yet is suspended. The reason is written first: it is kept whatever happens.
 */
export async function endJob(host: KubeHost, { name, job, pod }: FoundJob, end: JobEnd): Promise<void> {
  const { namespace } = job.metadata;
  const isHeld = pod !== undefined && pod.spec.nodeName !== '';
  const annotated = { metadata: { annotations: { [endAnnotation]: endText(end, host.clock()) } } };
  const what = `ending the job ${name}`;
  await unlessGone(() =>
    host.api.call({
      ...{ what, method: 'PATCH', path: namedPath(jobsPath(namespace), job.metadata.name) },
      body: isHeld ? annotated : { ...annotated, spec: { suspend: true } },
    }),
  );
  if (isHeld) await endPod(host, { name, pod });
}

/** The second half of `endJob`, which may have been lost. Told again it changes nothing. */
export async function endPod(host: KubeHost, { name, pod }: { name: string; pod: PodObject }): Promise<void> {
  const body = { spec: { activeDeadlineSeconds: 1 } };
  const path = namedPath(podsPath(pod.metadata.namespace), pod.metadata.name);
  await unlessGone(() => host.api.call({ what: `ending the job ${name}`, method: 'PATCH', path, body }));
}

/**
 * Forgets a job: what it uploaded, it, its pod, its log and what was made beside it. Where its namespace is to stay all that is in it stays, and is no
 * job any more.
 */
export async function removeJob(host: KubeHost, found: FoundJob): Promise<void> {
  const { name, job } = found;
  const { namespace, annotations } = job.metadata;
  // Before the Job: without it nobody would look for them again.
  if (annotations[artifactsAnnotation] !== undefined) await host.uploads?.remove(name);
  if (annotations[keepAnnotation] !== undefined) return releaseJob(host, found);
  const what = `removing the job ${name}`;
  const labelSelector = `${jobLabel}=${kubeName(name)}`;
  for (const kind of JSON.parse(annotations[kindsAnnotation] ?? '[]') as string[]) {
    const path = kindPath(kind, namespace);
    if (path === undefined) continue;
    await host.api.call({ what: `${what} (${kind})`, method: 'DELETE', path, query: { labelSelector } });
  }
  await unlessGone(() =>
    host.api.call({
      ...{ what, method: 'DELETE', path: namedPath(jobsPath(namespace), job.metadata.name) },
      // Only when the pod is gone is the name free for another.
      body: { propagationPolicy: 'Foreground', preconditions: { uid: job.metadata.uid } },
    }),
  );
  // Never the one that all the others are in, whatever a Job says.
  if (annotations[namespaceAnnotation] !== undefined && namespace !== host.namespace)
    await dropNamespace(host, namespace);
}

/** The Job first: whoever lists jobs begins with these. What is beside it may have Secrets, which nobody may change, and is found by no list. */
async function releaseJob(host: KubeHost, { name, job, pod }: FoundJob): Promise<void> {
  const { namespace } = job.metadata;
  const what = `leaving the job ${name} in ${namespace}`;
  const body = { metadata: { labels: { [jobLabel]: null, [keptLabel]: kubeName(name) } } };
  const paths = [
    namedPath(jobsPath(namespace), job.metadata.name),
    ...(pod === undefined ? [] : [namedPath(podsPath(namespace), pod.metadata.name)]),
  ];
  for (const path of paths) await unlessGone(() => host.api.call({ what, method: 'PATCH', path, body }));
}

/** What is gone, or another by now, needs no ending. */
async function unlessGone(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isStatus(error, 404) && !isStatus(error, 409)) throw error;
  }
}
