import { imageKey, openKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { imageTags, imageName } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { instant, tagService } from './deps';
import type { EndedBuild } from './job-build';

/**
 * The image that a builder pushed, as the registry has it, recorded before any tag is moved to it. Undefined: it is not there.
 * @throws what the registry throws
 */
export async function recordImage(
  { ledger, client, registryPrefix, clock }: JobDeps,
  { work, plan }: EndedBuild,
  signal: AbortSignal,
): Promise<NonNullable<StageEnded['image']> | undefined> {
  const { run, attempt } = work.event.data.customData;
  const repository = `${registryPrefix}/${imageName(plan.pipeline, plan.source)}`;
  const tags = [imageTags(plan).immutable];
  const present = await client.head(parseImageReference(`${repository}:${tags[0]}`), signal);
  if (present === undefined) return undefined;
  const { digest } = present;
  await ledger.write(imageKey(repository, digest, run), { run, attempt, repository, digest });
  const open = { event: work.event, openedAt: instant(clock()) };
  await ledger.write(openKey(tagService, { run, attempt, stage: 'build' }), open);
  return { repository, digest, tags };
}
