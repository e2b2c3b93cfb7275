import { BuilderNotAllowedError } from '@keelson/builders';
import type { BuilderSettings, BuildRequest } from '@keelson/builders';
import type { Plan } from '@keelson/pipeline';
import { JobsError } from '@keelson/jobs';
import type { ManifestJob } from '@keelson/jobs';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { buildRequest } from './build-request';
import { dockerfileOnDockerBases } from './docker-bases';
import { registriesOfBases } from './dockerfile-registries';
import { dockerfileVerdict } from './dockerfile-verdict';
import type { JobBuild } from './job-build';
import { builderOf } from './plan-dockerfile';
import { ReadBack } from './read-back';

/** Builds that run a Dockerfile: which builder does it is the plan's, what it may use the installation's. */
export function dockerfileBuild(deps: JobDeps): JobBuild {
  const readBack = new ReadBack(deps);
  return {
    jobSpec: async ({ work, plan }, signal) => {
      const request = buildRequest(deps, { name: work.name, plan, settings: settingsOf(deps) });
      return builderJob(deps, { plan, request }, signal);
    },
    verdict: (build, signal) => dockerfileVerdict(deps, { ...build, builder: builderOf(build.plan), readBack }, signal),
  };
}

type Requested = { plan: Plan; request: BuildRequest };

/** What the plan's builder runs for such a request. @throws JobsError when there is no such builder here, or no login for it */
export async function builderJob(
  deps: JobDeps,
  { plan, request }: Requested,
  signal: AbortSignal,
): Promise<ManifestJob> {
  const [builder, settings] = [builderOf(plan), settingsOf(deps)];
  if (settings[builder.strategy] === undefined) throw notHere(new BuilderNotAllowedError(builder.strategy).message);
  // Its daemon may read from mirrors that no name tells of; its steps see no login.
  const mirrors = builder.strategy === 'buildkit' ? settings.registries.map(({ host }) => host) : [];
  const bases = async () => [...(await registriesOfBases(deps, plan, signal)), ...mirrors];
  const dockerConfig = await deps.work.dockerConfig?.({ registries: registriesOf(request), bases }, signal);
  const text = builder.readsDockerOnly ? await dockerfileOnDockerBases(deps, plan, signal) : undefined;
  const given = {
    ...request,
    ...(dockerConfig === undefined ? {} : { dockerConfig }),
    ...(text === undefined ? {} : { dockerfileText: text }),
  };
  return builder.job(given, settings);
}

/** Where it reads its source, and where it pushes to. */
const registriesOf = ({ source, destinations, cacheRepository }: BuildRequest): readonly string[] =>
  [source.repository, cacheRepository, ...destinations].map((name) => parseImageReference(name).registry);

/** @throws JobsError when no builder is set up here */
export function settingsOf({ work }: JobDeps): BuilderSettings {
  if (work.builders === undefined)
    throw notHere('no builder is set up here: whoever runs Keelson names them under builders');
  return work.builders;
}

/** The pipeline file asks for what there is not: its author can ask for something else. */
const notHere = (message: string): JobsError => new JobsError(message, false, { fault: 'user' });
