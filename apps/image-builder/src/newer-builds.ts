import { beginKey, changeKey, planKey, stageEndedKey } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { JobDeps } from './build-kind';
import type { EndedBuild } from './job-build';

/** How many changes of the ref are looked through. */
const mostChanges = 20;

export type NewerBuild = {
  image: NonNullable<StageEnded['image']>;
  /** The further names that it was pushed to. */
  names: readonly string[];
};

/** The images of newer changes of the same ref, the newest first. None for an attempt that somebody asked for: what it pushes is meant. */
export async function newerBuilds({ ledger }: JobDeps, { work, plan }: EndedBuild): Promise<readonly NewerBuild[]> {
  const { run, attempt } = work.event.data.customData;
  if ((await ledger.read(beginKey(run, attempt)))?.openedBy === 'command') return [];
  const { source, ref, sequence } = plan;
  const newest = (await ledger.newestChange(source, ref))?.sequence ?? sequence;
  const found: NewerBuild[] = [];
  for (let later = newest; later > Math.max(sequence, newest - mostChanges); later -= 1) {
    const change = await ledger.read(changeKey(source, ref, later));
    const build = change && (await successOf(ledger, change.run));
    if (build !== undefined) found.push(build);
  }
  return found;
}

async function successOf(ledger: JobDeps['ledger'], run: string): Promise<NewerBuild | undefined> {
  const plan = await ledger.read(planKey(run, planSchema));
  for (const attempt of [...(await ledger.attempts(run))].reverse()) {
    const ended = await ledger.read(stageEndedKey({ run, attempt, stage: 'build' }));
    if (ended?.outcome === 'success' && ended.image !== undefined)
      return { image: ended.image, names: plan?.pipeline.build.push ?? [] };
  }
  return undefined;
}
