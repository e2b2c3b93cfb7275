import { composeEvent, eventTypes } from '@keelson/events';
import type { Reason } from '@keelson/events';
import { planKey } from '@keelson/ledger';
import { planSchema } from '@keelson/pipeline';
import type { BuildStrategy, Plan } from '@keelson/pipeline';
import { TerminalError } from '@keelson/stage';
import type { WorkKind } from '@keelson/work';
import { service } from './deps';
import type { BuildQueued, BuildWork, ImageBuilderDeps } from './deps';
import { dockerfileBuild } from './dockerfile-build';
import type { JobBuild } from './job-build';
import { buildFinished, buildStarted } from './tell';
import { templateBuild } from './template-build';

export type JobDeps = ImageBuilderDeps & { work: BuildWork };

/** A registry that counts requests counts those of a second attempt, too: these pauses are longer by so much. */
const rateLimitFactor = 5;

/** The strategies that are jobs. */
function jobBuilds(deps: JobDeps): Partial<Record<BuildStrategy, JobBuild>> {
  const dockerfile = dockerfileBuild(deps);
  return { buildkit: dockerfile, kaniko: dockerfile, makisu: dockerfile, template: templateBuild(deps) };
}

/** What is a build's own about its job; its success leaves the run to the next stage, if there is an image. */
export function buildKind(deps: JobDeps): WorkKind<BuildQueued> {
  const builds = jobBuilds(deps);
  const planned = async (event: BuildQueued): Promise<{ plan: Plan; build: JobBuild }> => {
    const { run } = event.data.customData;
    const plan = await deps.ledger.read(planKey(run, planSchema));
    const build = plan === undefined ? undefined : builds[plan.pipeline.build.strategy];
    if (plan === undefined || build === undefined)
      throw new TerminalError(`the plan of run ${run} names no such build`);
    return { plan, build };
  };
  return {
    ...{ service, stage: 'build', noun: 'build', endsRun: ({ image }) => image === undefined },
    jobSpec: async (work, signal) => {
      const { plan, build } = await planned(work.event);
      return build.jobSpec({ work, plan }, signal);
    },
    verdict: async (work, signal) => {
      const { plan, build } = await planned(work.event);
      return build.verdict({ work, plan }, signal);
    },
    started: buildStarted,
    ended: buildFinished,
    again: (event, { attempt, openedAt }) =>
      composeEvent({
        type: eventTypes.buildQueued,
        work: { run: event.data.customData.run, attempt, stage: 'source' },
        service,
        subjectId: `${event.data.customData.run}/${attempt}/build`,
        content: {},
        customData: { ...event.data.customData, attempt },
        time: openedAt,
      }),
    retryDelaysMs: (reason) => pauses(deps.work.retryDelaysMs, reason),
  };
}

const pauses = (delaysMs: readonly number[], reason: Reason | undefined): readonly number[] =>
  reason?.code === 'rate-limited' ? delaysMs.map((delayMs) => delayMs * rateLimitFactor) : delaysMs;
