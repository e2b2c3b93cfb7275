import { imageKey, openKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { imageName, imageTags } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { appendImage, parseImageReference } from '@keelson/registry';
import { instant, service } from './deps';
import type { BuildQueued, ImageBuilderDeps } from './deps';

/**
 * Puts the snapshot's layer on top of the base image and pushes the result under its immutable tag. No run id and no clock
 * goes into the image: the same commit gives the same digest. @throws what the registry throws
 */
export async function build(
  deps: ImageBuilderDeps,
  of: { event: BuildQueued; plan: Plan },
  signal: AbortSignal,
): Promise<NonNullable<StageEnded['image']>> {
  const { event, plan } = of;
  const { run, attempt } = event.data.customData;
  const { image } = plan.pipeline;
  const repository = `${deps.registryPrefix}/${imageName(plan.pipeline, plan.source)}`;
  const tags = imageTags(plan);
  const pushed = await appendImage(deps.client, {
    base: image.base === 'scratch' ? 'scratch' : parseImageReference(image.base),
    layers: [{ ...plan.snapshot.layer, from: parseImageReference(plan.snapshot.reference) }],
    target: { repository, tags: [tags.immutable] },
    config: {
      workdir: image.workdir,
      created: plan.commitTime,
      labels: {
        'org.opencontainers.image.source': plan.source,
        'org.opencontainers.image.revision': plan.commit,
        'org.opencontainers.image.ref.name': plan.ref,
        'org.opencontainers.image.created': plan.commitTime,
      },
    },
    // Before the tag: a push that is seen is known to be ours.
    beforeTag: async (digest) => {
      await deps.ledger.write(imageKey(repository, digest, run), { run, attempt, repository, digest });
    },
    signal,
  });
  const open = { event, openedAt: instant(deps.clock()) };
  await deps.ledger.write(openKey(service, { run, attempt, stage: 'build' }), open);
  return { repository, digest: pushed.digest, tags: [tags.immutable] };
}
