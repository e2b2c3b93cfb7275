import type { JobEnd } from '../jobs';
import { isStatus } from './api-refusal';
import { eventsPath } from './api-paths';
import { read } from './find-job';
import type { FoundJob } from './find-job';
import type { KubeHost } from './kube-host';
import { eventObject, listOf } from './kube-objects';
import { isPassingRefusal } from './passing-trouble';

const events = listOf(eventObject);

/** Why a Job has no pod: only its events tell (policies, quotas, an account that is not there). Undefined when they tell nothing. */
export async function podRefusal(host: KubeHost, { job }: FoundJob): Promise<string | undefined> {
  const { name, namespace } = job.metadata;
  const query = { fieldSelector: `involvedObject.kind=Job,involvedObject.name=${name}` };
  const asked = { what: `asking why ${name} has no pod`, path: eventsPath(namespace), query };
  const { items } = await read(host, asked, events).catch((error: unknown) => {
    // Whether we are ready says that we may not: all other jobs are to go on.
    if (isStatus(error, 403)) return { items: [] };
    throw error;
  });
  return items.findLast(({ reason }) => reason === 'FailedCreate')?.message;
}

/** A full quota has room again when other jobs end, and who does not answer may do so later; the rest stays as it is. */
export function refusalEnd(message: string): JobEnd {
  const fault = isPassingRefusal(message) ? 'ours' : 'user';
  return { kind: 'cluster', cause: 'refused', fault, message: `the cluster refuses its pod: ${message}` };
}
