import { BuilderNotAllowedError, builders, strategyName } from '@keelson/builders';
import type { Builder, BuilderSettings } from '@keelson/builders';
import type { Plan } from '@keelson/pipeline';
import { JobsError } from '@keelson/jobs';
import type { JobDeps } from './build-kind';
import { buildRequest } from './build-request';
import { dockerfileVerdict } from './dockerfile-verdict';
import type { JobBuild } from './job-build';

/** Builds that run a Dockerfile: which builder does it is the plan's, what it may use the installation's. */
export function dockerfileBuild(deps: JobDeps): JobBuild {
  return {
    jobSpec: async ({ work, plan }) => {
      const settings = settingsOf(deps);
      try {
        const dockerConfig = await deps.work.dockerConfig?.();
        const request = buildRequest(deps, { name: work.name, plan, settings });
        return builderOf(plan).job({ ...request, ...(dockerConfig === undefined ? {} : { dockerConfig }) }, settings);
      } catch (error) {
        if (!(error instanceof BuilderNotAllowedError)) throw error;
        throw notHere(error.message);
      }
    },
    verdict: (build, signal) => dockerfileVerdict(deps, { ...build, builder: builderOf(build.plan) }, signal),
  };
}

export const builderOf = ({ pipeline }: Plan): Builder => builders[strategyName.parse(pipeline.build.strategy)];

function settingsOf({ work }: JobDeps): BuilderSettings {
  if (work.builders === undefined)
    throw notHere('no builder is set up here: whoever runs Keelson names them under builders');
  return work.builders;
}

/** The pipeline file asks for what there is not: its author can ask for something else. */
const notHere = (message: string): JobsError => new JobsError(message, false, { fault: 'user' });
