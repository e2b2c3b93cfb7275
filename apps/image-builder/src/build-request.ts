import { randomUUID } from 'node:crypto';
import type { BuilderSettings, BuildRequest } from '@keelson/builders';
import { imageName, imageTags } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { formatRepository, parseImageReference } from '@keelson/registry';
import { imageLabels } from './build';
import type { ImageBuilderDeps } from './deps';

/** What a plan's Dockerfile is built from, and where its image goes. */
export function buildRequest(
  { registryPrefix }: Pick<ImageBuilderDeps, 'registryPrefix'>,
  { name, plan, settings }: { name: string; plan: Plan; settings: BuilderSettings },
): BuildRequest {
  const { build, image } = plan.pipeline;
  const repository = imageName(plan.pipeline, plan.source);
  const tags = imageTags(plan);
  return {
    name,
    source: {
      repository: formatRepository(parseImageReference(plan.snapshot.reference)),
      digest: plan.snapshot.layer.digest,
      prefix: image.workdir,
    },
    ...instructions(plan),
    destinations: [`${registryPrefix}/${repository}:${tags.immutable}`, ...(build.push ?? [])],
    cache: build.cache?.mode ?? 'registry',
    imageBefore: `${registryPrefix}/${repository}:${tags.moving}`,
    cacheRepository: `${registryPrefix}/${settings.cacheRepository}/${repository}`,
    // Nobody whose words a builder prints can know it.
    lastLine: `keelson: built ${randomUUID()}`,
  };
}

type Instructions = Omit<
  BuildRequest,
  'name' | 'source' | 'destinations' | 'cache' | 'cacheRepository' | 'imageBefore' | 'dockerConfig'
>;

/** The pipeline file's words, with what it may leave out. */
function instructions(plan: Plan): Instructions {
  const { strategy, target, dockerfile = 'Dockerfile', context = '.', args = {}, ...rest } = plan.pipeline.build;
  const { platforms = [], secrets = {}, labels = {} } = rest;
  const epochSeconds = Math.floor(Date.parse(plan.commitTime) / 1000);
  return {
    ...{ dockerfile, context, args, platforms, secrets },
    labels: strategy === 'makisu' ? {} : { ...imageLabels(plan), ...labels },
    ...(target === undefined ? {} : { target }),
    ...(Number.isNaN(epochSeconds) ? {} : { epochSeconds }), // a commit may claim any time
  };
}
