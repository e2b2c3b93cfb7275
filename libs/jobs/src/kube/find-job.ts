import { z } from 'zod';
import { JobsError } from '../jobs';
import { allJobsPath, allPodsPath, jobsPath, podsPath } from './api-paths';
import type { ApiCall } from './kube-api';
import type { KubeHost } from './kube-host';
import { jobLabel, kubeName, nameAnnotation } from './kube-names';
import { jobObject, listOf, podObject } from './kube-objects';
import type { JobObject, PodObject } from './kube-objects';

/** A job as the cluster has it. */
export type FoundJob = { name: string; job: JobObject; pod: PodObject | undefined };

const jobList = listOf(jobObject);
const podList = listOf(podObject);

/** All jobs there are but those being removed. @param name only this one @throws JobsError */
export async function findJobs(host: KubeHost, name?: string, signal?: AbortSignal): Promise<FoundJob[]> {
  const labelSelector = name === undefined ? jobLabel : `${jobLabel}=${kubeName(name)}`;
  const paths = host.anyNamespace ? [allJobsPath, allPodsPath] : [jobsPath(host.namespace), podsPath(host.namespace)];
  const [jobsAt = '', podsAt = ''] = paths;
  const query = { labelSelector };
  const podsNow = () => read(host, { what: 'listing pods', path: podsAt, query, signal }, podList);
  const listingPods = podsNow();
  // Where neither may be listed it is always said of the jobs: words that change are taken for another fault.
  listingPods.catch(() => undefined);
  const jobs = await read(host, { what: 'listing jobs', path: jobsAt, query, signal }, jobList);
  const pods = await listingPods;
  // One that is over and has no pod may have had none yet when the pods were listed: only if it has none afterwards it was deleted.
  const isUnsure = jobs.items.some((job) => isOver(job) && !newestPods(pods.items).has(placeOf(job)));
  const newest = newestPods(isUnsure ? (await podsNow()).items : pods.items);
  return jobs.items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((job) => ({ name: nameOf(job), job, pod: newest.get(placeOf(job)) }))
    .filter((found) => name === undefined || found.name === name);
}

export async function findJob(host: KubeHost, name: string, signal?: AbortSignal): Promise<FoundJob | undefined> {
  return (await findJobs(host, name, signal))[0];
}

/** The pod of a job as it is now. */
export async function findPod(host: KubeHost, job: JobObject, signal?: AbortSignal): Promise<PodObject | undefined> {
  const query = { labelSelector: `${jobLabel}=${job.metadata.labels[jobLabel] ?? ''}` };
  const path = podsPath(job.metadata.namespace);
  const pods = await read(host, { what: `looking at the pod of ${nameOf(job)}`, path, query, signal }, podList);
  return newestPods(pods.items).get(placeOf(job));
}

export const nameOf = ({ metadata }: JobObject): string => metadata.annotations[nameAnnotation] ?? metadata.name;

/** An answer of the API as what it should be. @throws JobsError */
export async function read<T>({ api }: KubeHost, call: ApiCall, shape: z.ZodType<T>): Promise<T> {
  const parsed = shape.safeParse(await api.call(call));
  if (parsed.success) return parsed.data;
  throw new JobsError(`${call.what} failed: the answer is not what Kubernetes says: ${parsed.error.message}`, true);
}

const isOver = ({ status }: JobObject): boolean => (status.conditions ?? []).length > 0;

/** There is one, but when the cluster made another for one that was deleted. */
function newestPods(pods: readonly PodObject[]): Map<string, PodObject> {
  const newest = new Map<string, PodObject>();
  for (const pod of pods) {
    const other = newest.get(placeOf(pod));
    if (other === undefined || madeAt(other) <= madeAt(pod)) newest.set(placeOf(pod), pod);
  }
  return newest;
}

const madeAt = ({ metadata }: PodObject): number => metadata.creationTimestamp ?? 0;
const placeOf = ({ metadata }: { metadata: PodObject['metadata'] }): string =>
  `${metadata.namespace}/${metadata.labels[jobLabel] ?? ''}`;
