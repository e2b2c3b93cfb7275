import { KubeJobs } from '@keelson/jobs';
import { S3ObjectStore } from '@keelson/objects';
import type { ObjectStore } from '@keelson/objects';
import { imageConfig, parseImageReference } from '@keelson/registry';
import type { RegistryClient } from '@keelson/registry';
import type { Health } from '@keelson/service';
import { jobUploads } from './job-uploads';
import type { Settings } from './read-settings';

export type JobsUse = {
  /** Where artifacts are left. */
  store: ObjectStore;
  /** Knows which user an image runs as. */
  client: RegistryClient;
  onWarning: (message: string) => void;
  /** Is told of rights that are missing. */
  health?: Health | undefined;
};

/** An image's configuration is one request or two. */
const userWithinMs = 30_000;

/** The cluster's Jobs. The cluster is not asked anything yet. @throws JobsError when the kubeconfig is not usable */
export function openJobs(
  settings: Settings<'namespace' | 'kubeconfig' | 'anyNamespace' | 'podHelper' | 'podS3' | 'jobAccounts'>,
  { store, client, onWarning, health }: JobsUse,
): KubeJobs {
  const { namespace, kubeconfig, anyNamespace, podHelper: podHelperImage, podS3, jobAccounts: accounts } = settings;
  const userOf = async (image: string, signal = AbortSignal.timeout(userWithinMs)) =>
    (await imageConfig(client, { reference: parseImageReference(image) }, signal)).user;
  const uploads = store instanceof S3ObjectStore ? jobUploads(store, podS3) : undefined;
  const rules = { namespace, anyNamespace, accounts };
  const jobs = KubeJobs.open({ ...rules, kubeconfig, podHelperImage, uploads, userOf, onWarning });
  health?.add({ name: 'cluster', reasons: () => jobs.missingRights() });
  return jobs;
}
