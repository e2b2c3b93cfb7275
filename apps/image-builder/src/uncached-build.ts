import type { BuildRequest } from '@keelson/builders';
import type { ManifestJob } from '@keelson/jobs';
import { imageName } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import type { JobDeps } from './build-kind';
import { buildRequest } from './build-request';
import { builderJob, settingsOf } from './dockerfile-build';

/** Where a build that is made again without cache goes. In a repository of its own: it is removed there by its digest. */
export function uncachedImage(deps: JobDeps, plan: Plan): string {
  const repository = imageName(plan.pipeline, plan.source);
  return `${deps.registryPrefix}/${settingsOf(deps).cacheRepository}/${repository}-verified:${plan.run}`;
}

/** The plan's build once more, without cache, pushed to no other place than that. */
export async function uncachedJob(
  deps: JobDeps,
  { plan, name }: { plan: Plan; name: string },
  signal: AbortSignal,
): Promise<ManifestJob> {
  const request = buildRequest(deps, { name, plan, settings: settingsOf(deps) });
  const uncached: BuildRequest = { ...request, cache: 'none', destinations: [uncachedImage(deps, plan)] };
  return builderJob(deps, { plan, request: uncached }, signal);
}
