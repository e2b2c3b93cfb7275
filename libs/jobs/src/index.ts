export { JobsError } from './jobs';
export type { JobEnd, JobFile, JobLogLine, Jobs, JobSpec, JobState } from './jobs';
