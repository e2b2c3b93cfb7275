import { JobsError } from '../jobs';
import type { JobFile } from '../jobs';
import type { FoundJob } from './find-job';
import { helperSaid } from './helper-end';
import type { KubeHost } from './kube-host';
import { mainContainers } from './pod-containers';

/** What an ended job has uploaded. @throws JobsError when not all of it could be */
export async function uploadedFiles({ uploads }: KubeHost, { name, pod }: FoundJob): Promise<readonly JobFile[]> {
  const trouble = (pod === undefined ? [] : mainContainers(pod))
    .map(({ status }) => helperSaid(status.message).upload)
    .find((said) => said !== undefined);
  if (trouble !== undefined) throw new JobsError(`not all files of ${name} could be uploaded: ${trouble}`, false);
  const files = (await uploads?.list(name)) ?? [];
  return [...files].sort((one, other) => (one.path < other.path ? -1 : 1));
}
