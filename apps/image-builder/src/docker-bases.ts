import { dockerfileBases, stagesBuiltUpon, withBases } from '@keelson/builders';
import type { BuildProgress } from '@keelson/builders';
import { JobsError } from '@keelson/jobs';
import type { Plan } from '@keelson/pipeline';
import {
  copyInDockerFormat,
  dockerCopyName,
  dockerCopyOf,
  mediaTypes,
  parseImageReference,
  PlatformNotFoundError,
  UnsupportedImageError,
  withDigest,
} from '@keelson/registry';
import { lookUpBase } from './base-digests';
import type { JobDeps } from './build-kind';
import { dockerfileOf } from './plan-dockerfile';

/**
 * The plan's Dockerfile for a builder that reads Docker's format only: a base of another format is copied in that one, and FROM
 * names the copy. Undefined where the file can stay as it is. @throws JobsError, the user's, for a base that cannot be had in it
 */
export async function dockerfileOnDockerBases(
  deps: JobDeps,
  plan: Plan,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { args = {}, target } = plan.pipeline.build;
  const text = await dockerfileOf(deps, plan, signal);
  if (text === undefined) return undefined;
  const [stage] = stagesBuiltUpon(text, { args, target });
  if (stage !== undefined) throw builtUpon(stage, plan);
  const names = new Map<string, string>();
  for (const base of dockerfileBases(text, args)) {
    const copy = await offered(deps, base, signal);
    if (copy !== undefined) names.set(base, copy);
  }
  return names.size === 0 ? undefined : withBases(text, args, names);
}

/** It would pull the image of that name from Docker Hub, whoever has that. */
const builtUpon = (stage: string, { pipeline }: Plan): JobsError =>
  new JobsError(
    `${pipeline.build.strategy} cannot build FROM ${stage}, a stage of the same Dockerfile: begin with that stage's own base, and COPY --from=${stage} what is needed`,
    false,
    { fault: 'user' },
  );

/** A builder tells of the copies; people are told of what they are copies of. */
export function ownBases(deps: JobDeps, progress: BuildProgress): BuildProgress {
  const place = copiesAt(deps);
  const bases = progress.bases.map((base) => dockerCopyOf(place, base.reference) ?? base);
  return { ...progress, bases };
}

/** The copy's name; undefined where none is needed, or where the builder says best what is wrong with the base. */
async function offered(deps: JobDeps, base: string, signal: AbortSignal): Promise<string | undefined> {
  const { client } = deps;
  const found = await lookUpBase(deps, base, signal);
  if (found === undefined) return undefined;
  const from = parseImageReference(base);
  // Such builders know no names by digest either.
  if (found.mediaType === mediaTypes.dockerManifest && from.digest === undefined) return undefined;
  const copy = dockerCopyName(copiesAt(deps), from, found.digest);
  const to = parseImageReference(copy);
  try {
    // By its digest: the tag may move meanwhile.
    if ((await client.head(to, signal)) === undefined)
      await copyInDockerFormat(client, { from: withDigest(from, found.digest), to }, signal);
    return copy;
  } catch (error) {
    if (!(error instanceof UnsupportedImageError) && !(error instanceof PlatformNotFoundError)) throw error;
    const message = `the base ${base} cannot be offered in Docker's format: ${error.message}`;
    throw new JobsError(message, false, { fault: 'user' });
  }
}

const copiesAt = ({ registryPrefix, work }: JobDeps): string =>
  `${registryPrefix}/${work.builders?.cacheRepository ?? 'keelson-cache'}/bases/`;
