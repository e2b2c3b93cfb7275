import type { JobSpec } from '@keelson/jobs';
import { TerminalError } from '@keelson/stage';
import type { Ledger } from '@keelson/ledger';
import type { OpenWork } from '@keelson/work';
import type { Published } from './deps';
import { planOf } from './plan';

/** The job that runs a plan's test in the published image. */
export async function jobSpec(ledger: Ledger, open: OpenWork<Published>): Promise<JobSpec> {
  const { run, attempt, source, ref, commit, image } = open.event.data.customData;
  const plan = await planOf(ledger, open.event);
  if (plan === undefined || plan.pipeline.test === 'none')
    throw new TerminalError(`the plan of run ${run} names no test`);
  const { test } = plan.pipeline;
  return {
    name: open.name,
    image: `${image.repository}@${image.digest}`,
    command: test.command,
    env: {
      ...test.env,
      CI: test.env.CI ?? 'true',
      KEELSON_RUN: run,
      KEELSON_RUN_NAME: plan.name,
      KEELSON_ATTEMPT: String(attempt),
      KEELSON_SOURCE: source,
      KEELSON_REF: ref,
      KEELSON_COMMIT: commit,
      KEELSON_IMAGE: `${image.repository}@${image.digest}`,
    },
    workdir: plan.pipeline.image.workdir,
    timeoutMs: test.timeoutMs,
    artifacts: test.artifacts,
  };
}
