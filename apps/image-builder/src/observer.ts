import { beginKey, openKey, planKey, runsThatPushed } from '@keelson/ledger';
import type { OpenRecord } from '@keelson/ledger';
import { imageName, imageTags, planSchema } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { Observer } from '@keelson/stage';
import { tagService } from './deps';
import type { BuildQueued, ImageBuilderDeps } from './deps';

/** Moves a ref's moving tag to its newest image, only upwards. Runs in the leader: builds may end in any order. */
export class TagObserver implements Observer<OpenRecord> {
  constructor(readonly deps: ImageBuilderDeps) {}

  list(): Promise<readonly OpenRecord[]> {
    return this.deps.ledger.open(tagService);
  }

  async report(open: OpenRecord, signal: AbortSignal): Promise<readonly []> {
    const run = buildOf(open).data.customData;
    const plan = await this.deps.ledger.read(planKey(run.run, planSchema));
    if (plan === undefined) return [];
    const repository = `${this.deps.registryPrefix}/${imageName(plan.pipeline, plan.source)}`;
    const tags = imageTags(plan);
    const moving = parseImageReference(`${repository}:${tags.moving}`);
    const present = await this.deps.client.head(moving, signal);
    if (
      present !== undefined &&
      (await this.#sequenceOf({ ...run, repository, digest: present.digest })) >= run.sequence
    )
      return [];
    const image = await this.deps.client.manifest(parseImageReference(`${repository}:${tags.immutable}`), signal);
    await this.deps.client.putManifest(moving, image, signal);
    return [];
  }

  async mark(open: OpenRecord): Promise<void> {
    const { run, attempt } = buildOf(open).data.customData;
    await this.deps.ledger.close(openKey(tagService, { run, attempt, stage: 'build' }));
  }

  /** The newest change of this ref that made this image; 0 when none did. */
  async #sequenceOf(image: { repository: string; digest: string; source: string; ref: string }): Promise<number> {
    let newest = 0;
    for (const run of await runsThatPushed(this.deps.ledger, image, this.deps.sameRegistry)) {
      const begin = await this.deps.ledger.read(beginKey(run, 1));
      if (begin?.source === image.source && begin.ref === image.ref) newest = Math.max(newest, begin.sequence);
    }
    return newest;
  }
}

// Only builds open these records, and always with this type of event.
const buildOf = (open: OpenRecord): BuildQueued => open.event as BuildQueued;

/** Builds of one ref move its tag one after the other: two at once could end in the wrong order. */
export const tagKey = (open: OpenRecord): string => {
  const { source, ref } = buildOf(open).data.customData;
  return `${source}^${ref}`;
};
