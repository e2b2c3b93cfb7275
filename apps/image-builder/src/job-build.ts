import type { JobSpec } from '@keelson/jobs';
import type { Plan } from '@keelson/pipeline';
import type { EndedWork, OpenWork, Verdict } from '@keelson/work';
import type { BuildQueued } from './deps';

/** One build that is a job, with what its run's plan says. */
export type PlannedBuild = { work: OpenWork<BuildQueued>; plan: Plan };
export type EndedBuild = { work: EndedWork<BuildQueued>; plan: Plan };

/** How a strategy that is a job builds: one file each. */
export type JobBuild = {
  /** @throws TerminalError when there can be no such job here */
  jobSpec(build: PlannedBuild, signal: AbortSignal): Promise<JobSpec>;
  /** What became of it, with the image as the registry has it. @throws what the registry throws when it is away, for a while: asked again */
  verdict(build: EndedBuild, signal: AbortSignal): Promise<Verdict>;
};
