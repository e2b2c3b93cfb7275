export { JobsError } from './jobs';
export type {
  ClusterCause,
  CommandJob,
  Fault,
  JobEnd,
  JobFile,
  JobLogEntry,
  JobLogGap,
  JobLogLine,
  JobLogPlace,
  JobResources,
  Jobs,
  JobService,
  JobSpec,
  JobState,
  JobToleration,
  KubeObject,
  ManifestJob,
} from './jobs';
export type { KubeGraces, UploadGrant, Uploads } from './kube/kube-host';
export { KubeJobs } from './kube/kube-jobs';
export type { KubeJobsOptions } from './kube/kube-jobs';
export { neededRights } from './kube/own-rights';
export { ProcessJobs } from './process-jobs';
export type { ProcessJobsOptions } from './process-jobs';
