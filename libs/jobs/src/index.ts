export { JobsError } from './jobs';
export type { JobEnd, JobFile, JobLogLine, Jobs, JobSpec, JobState } from './jobs';
export { ProcessJobs } from './process-jobs';
export type { ProcessJobsOptions } from './process-jobs';
