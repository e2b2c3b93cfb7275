import { dockerfileBases, withBases } from '@keelson/builders';
import type { BuildProgress } from '@keelson/builders';
import { HostileLayerError, layerFiles, TarError } from '@keelson/git';
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

/**
 * The plan's Dockerfile for a builder that reads Docker's format only: a base of another format is copied in that one, and FROM
 * names the copy. Undefined where the file can stay as it is. @throws JobsError, the user's, for a base that cannot be had in it
 */
export async function dockerfileOnDockerBases(
  deps: JobDeps,
  plan: Plan,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { args = {} } = plan.pipeline.build;
  const text = await dockerfileOf(deps, plan, signal);
  if (text === undefined) return undefined;
  const names = new Map<string, string>();
  for (const base of dockerfileBases(text, args)) {
    const copy = await offered(deps, base, signal);
    if (copy !== undefined) names.set(base, copy);
  }
  return names.size === 0 ? undefined : withBases(text, args, names);
}

/** A builder tells of the copies; people are told of what they are copies of. */
export function ownBases(deps: JobDeps, progress: BuildProgress): BuildProgress {
  const place = copiesAt(deps);
  const bases = progress.bases.map((base) => dockerCopyOf(place, base.reference) ?? base);
  return { ...progress, bases };
}

/** The plan's Dockerfile as its snapshot has it; undefined where it has none. */
export async function dockerfileOf({ client }: JobDeps, plan: Plan, signal: AbortSignal): Promise<string | undefined> {
  const { dockerfile = 'Dockerfile' } = plan.pipeline.build;
  const { layer, reference } = plan.snapshot;
  const blob = client.blob(parseImageReference(reference), layer, signal);
  try {
    const { texts } = await layerFiles(blob, { prefix: plan.pipeline.image.workdir, texts: [dockerfile], signal });
    return texts.get(dockerfile);
  } catch (error) {
    if (error instanceof TarError || error instanceof HostileLayerError) return undefined; // whoever unpacks it says so
    throw error;
  }
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
