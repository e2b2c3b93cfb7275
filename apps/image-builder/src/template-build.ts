import { manifestKey } from '@keelson/ledger';
import { manifestRecord, SealError, templateJob } from '@keelson/pipeline';
import type { ManifestRecord, Plan } from '@keelson/pipeline';
import { TerminalError } from '@keelson/stage';
import type { JobDeps } from './build-kind';
import type { JobBuild, PlannedBuild } from './job-build';
import { ReadBack } from './read-back';
import { templateVerdict } from './template-verdict';

/** Builds that are a Job template of the commit, as it was rendered when the source was frozen. */
export function templateBuild(deps: JobDeps): JobBuild {
  const readBack = new ReadBack(deps);
  return {
    jobSpec: async ({ work, plan }: PlannedBuild) => {
      const { templates } = deps.work;
      if (templates === undefined)
        throw new TerminalError('no Job template can be run here: whoever runs Keelson sets them up');
      const { timeoutMs, ...settings } = templates;
      const dockerConfig = await settings.dockerConfig?.();
      const record = await recordOf(deps, plan);
      const of = { plan, stage: 'build', work: work.event.data.customData };
      try {
        const { objects, namespace } = templateJob(record, of, { ...settings, dockerConfig });
        return { name: work.name, timeoutMs, objects, ...(namespace === undefined ? {} : { namespace }) };
      } catch (error) {
        if (!(error instanceof SealError)) throw error;
        throw new TerminalError(`${record.file} as it was rendered cannot be opened: ${error.message}`, {
          cause: error,
        });
      }
    },
    verdict: async (build, signal) =>
      templateVerdict(deps, { ...build, record: await recordOf(deps, build.plan), readBack }, signal),
  };
}

async function recordOf({ ledger }: JobDeps, { run }: Plan): Promise<ManifestRecord> {
  const record = await ledger.read(manifestKey(run, 'build', manifestRecord));
  if (record !== undefined) return record;
  throw new TerminalError(`the build template of run ${run} was not rendered here`);
}
