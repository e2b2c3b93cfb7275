import { cacheCauses } from '@keelson/builders';
import type { BuildInputs, BuildProgress } from '@keelson/builders';
import { layerFiles } from '@keelson/git';
import { changeKey, planKey, stageEndedKey } from '@keelson/ledger';
import type { BuildReport, StageEnded } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { parseImageReference } from '@keelson/registry';
import type { JobDeps } from './build-kind';
import { builderOf } from './plan-dockerfile';

/** A tree larger than this is not read only to say why a step was run again. */
const largestTree = 268_435_456;
/** How many changes of the ref are looked through for a build to compare with. */
const furthestBack = 20;

export type BuiltBefore = { plan: Plan; ended: StageEnded };

type ToExplain = {
  plan: Plan;
  progress: BuildProgress;
  bases: BuildReport['bases'];
  before: BuiltBefore | undefined;
};

/**
 * The builder's account of its steps, each that was run again with the first input that had changed since the build before.
 * What cannot be told is left out: an explanation never fails a build.
 */
export async function explainedSteps(
  deps: JobDeps,
  { plan, progress, bases, before }: ToExplain,
  signal: AbortSignal,
): Promise<BuildReport['steps']> {
  if (progress.steps.every(({ cache }) => cache === 'hit')) return progress.steps.map((step) => ({ ...step }));
  try {
    const earlier = before && { plan: before.plan, bases: before.ended.build?.bases ?? [] };
    const [now, was] = await Promise.all([
      inputsOf(deps, { plan, bases }, signal),
      earlier && inputsOf(deps, earlier, signal),
    ]);
    return cacheCauses(progress.steps, now, was).map((step) => ({ ...step }));
  } catch (error) {
    if (signal.aborted) throw error;
    deps.work.warn('nobody can say why steps were run again', { run: plan.run, error: String(error) });
    return progress.steps.map((step) => ({ ...step }));
  }
}

/** The newest build of the same ref before this one that told of its steps. */
export async function buildBefore({ ledger }: JobDeps, plan: Plan): Promise<BuiltBefore | undefined> {
  const { source, ref, sequence } = plan;
  for (let earlier = sequence - 1; earlier > Math.max(0, sequence - 1 - furthestBack); earlier -= 1) {
    const change = await ledger.read(changeKey(source, ref, earlier));
    const before = change === undefined ? undefined : await ledger.read(planKey(change.run, planSchema));
    if (change === undefined || before === undefined) continue;
    for (const attempt of [...(await ledger.attempts(change.run))].reverse()) {
      const ended = await ledger.read(stageEndedKey({ run: change.run, attempt, stage: 'build' }));
      if (ended?.outcome === 'success' && ended.build !== undefined && ended.build.strategy !== 'append')
        return { plan: before, ended };
    }
  }
  return undefined;
}

async function inputsOf(
  { client }: JobDeps,
  { plan, bases }: { plan: Plan; bases: BuildReport['bases'] },
  signal: AbortSignal,
): Promise<BuildInputs> {
  const { dockerfile = 'Dockerfile', context = '.', args = {} } = plan.pipeline.build;
  const inContext = context === '.' ? '.dockerignore' : `${context}/.dockerignore`;
  const ignoreFiles = builderOf(plan).readsIgnoreFile ? [`${dockerfile}.dockerignore`, inContext] : [];
  const { layer, reference } = plan.snapshot;
  const blob = client.blob(parseImageReference(reference), layer, signal);
  const { digests, texts } = await layerFiles(blob, {
    ...{ prefix: plan.pipeline.image.workdir, texts: [dockerfile, ...ignoreFiles], maxBytes: largestTree, signal },
  });
  const ignore = ignoreFiles.map((file) => texts.get(file)).find((text) => text !== undefined) ?? '';
  return { dockerfile: texts.get(dockerfile) ?? '', ignore, context, args, files: digests, bases };
}
