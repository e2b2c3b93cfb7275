import { imageKey, openKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { imageName, imageTags } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { appendImage, ImageNotFoundError, parseImageReference } from '@keelson/registry';
import type { AppendRequest } from '@keelson/registry';
import { instant, tagService } from './deps';
import type { BuildQueued, ImageBuilderDeps } from './deps';

/** What the source was frozen in is not in the registry any more: nothing that the user could mend. */
export class SnapshotGoneError extends Error {
  readonly code = 'snapshot-gone';
  override readonly name = 'SnapshotGoneError';
}

/** What the stage's record says of it. */
export type Appended = Required<Pick<StageEnded, 'image' | 'build'>>;

/**
 * Puts the snapshot's layer on top of the base image and pushes the result under its immutable tag. No run id and no clock
 * goes into the image: the same commit gives the same digest. @throws SnapshotGoneError, and what the registry throws
 */
export async function build(
  deps: ImageBuilderDeps,
  of: { event: BuildQueued; plan: Plan },
  signal: AbortSignal,
): Promise<Appended> {
  const { event, plan } = of;
  const { run, attempt } = event.data.customData;
  const repository = `${deps.registryPrefix}/${imageName(plan.pipeline, plan.source)}`;
  const tags = [imageTags(plan).immutable];
  const request: AppendRequest = {
    ...imageOf(plan),
    target: { repository, tags },
    // Before the tag: a push that is seen is known to be ours.
    beforeTag: async (digest) => {
      await deps.ledger.write(imageKey(repository, digest, run), { run, attempt, repository, digest });
    },
    signal,
  };
  const { digest, base } = await appendImage(deps.client, request).catch(async (error: unknown) => {
    throw (await isSnapshotGone(deps, { error, plan }, signal)) ? snapshotGone(plan, error) : error;
  });
  const open = { event, openedAt: instant(deps.clock()) };
  await deps.ledger.write(openKey(tagService, { run, attempt, stage: 'build' }), open);
  const bases = base === undefined ? [] : [base];
  return { image: { repository, digest, tags }, build: { strategy: 'append', steps: [], bases } };
}

/** What the image is made of: all from the plan. */
function imageOf(plan: Plan): Pick<AppendRequest, 'base' | 'layers' | 'config'> {
  const { image } = plan.pipeline;
  return {
    base: image.base === 'scratch' ? 'scratch' : parseImageReference(image.base),
    layers: [{ ...plan.snapshot.layer, from: parseImageReference(plan.snapshot.reference) }],
    config: {
      workdir: image.workdir,
      created: plan.commitTime,
      labels: imageLabels(plan),
    },
  };
}

/** What an image says about where it comes from. */
export const imageLabels = (plan: Plan): Readonly<Record<string, string>> => ({
  'org.opencontainers.image.source': plan.source,
  'org.opencontainers.image.revision': plan.commit,
  'org.opencontainers.image.ref.name': plan.ref,
  'org.opencontainers.image.created': plan.commitTime,
});

/** Whether it is the source that is not there, and not the base. */
async function isSnapshotGone(
  { client }: ImageBuilderDeps,
  { error, plan }: { error: unknown; plan: Plan },
  signal: AbortSignal,
): Promise<boolean> {
  if (!(error instanceof ImageNotFoundError)) return false;
  const snapshot = parseImageReference(plan.snapshot.reference);
  client.forgetBlobs(snapshot); // what was seen there a while ago does not count now
  return !(await client.hasBlob(snapshot, plan.snapshot.layer.digest, signal));
}

const snapshotGone = ({ snapshot }: Plan, cause: unknown): SnapshotGoneError =>
  new SnapshotGoneError(`the source snapshot ${snapshot.reference} is not in the registry any more`, { cause });
