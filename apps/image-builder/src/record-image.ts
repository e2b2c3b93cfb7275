import { imageKey, openKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { imageTags, imageName } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { ImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { instant, tagService } from './deps';
import type { EndedBuild } from './job-build';

type Image = NonNullable<StageEnded['image']>;

/**
 * The image that a builder pushed, as the registry has it, recorded before any tag is moved to it. Undefined: it is not there.
 * @throws what the registry throws
 */
export async function recordImage(deps: JobDeps, build: EndedBuild, signal: AbortSignal): Promise<Image | undefined> {
  const { repository, tag } = placeOf(deps, build);
  const present = await deps.client.head(parseImageReference(`${repository}:${tag}`), signal);
  if (present === undefined) return undefined;
  return record(deps, build, { repository, digest: present.digest, tags: [tag] });
}

/** The same of one that was pushed by a tag of its own: it gets the immutable one as well. */
export async function recordPushed(
  deps: JobDeps,
  build: EndedBuild & { pushed: ImageReference },
  signal: AbortSignal,
): Promise<Image | undefined> {
  const { repository, tag } = placeOf(deps, build);
  const immutable = parseImageReference(`${repository}:${tag}`);
  if (build.pushed.tag === tag) return recordImage(deps, build, signal);
  const present = await deps.client.head(build.pushed, signal);
  if (present === undefined) return undefined;
  const tags = [tag, ...(build.pushed.tag === undefined ? [] : [build.pushed.tag])];
  const image = await record(deps, build, { repository, digest: present.digest, tags });
  // By its digest: the template's own tag may have moved on.
  const manifest = await deps.client.manifest({ ...build.pushed, digest: present.digest }, signal);
  await deps.client.putManifest(immutable, manifest, signal);
  return image;
}

function placeOf({ registryPrefix }: JobDeps, { plan }: EndedBuild): { repository: string; tag: string } {
  return { repository: `${registryPrefix}/${imageName(plan.pipeline, plan.source)}`, tag: imageTags(plan).immutable };
}

async function record({ ledger, clock }: JobDeps, { work }: EndedBuild, image: Image): Promise<Image> {
  const { run, attempt } = work.event.data.customData;
  const { repository, digest } = image;
  await ledger.write(imageKey(repository, digest, run), { run, attempt, repository, digest });
  const open = { event: work.event, openedAt: instant(clock()) };
  await ledger.write(openKey(tagService, { run, attempt, stage: 'build' }), open);
  return image;
}
