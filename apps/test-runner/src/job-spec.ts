import type { Ledger } from '@keelson/ledger';
import type { Plan } from '@keelson/pipeline';
import type { CommandJob, JobResources, JobSpec } from '@keelson/jobs';
import { TerminalError } from '@keelson/stage';
import type { OpenWork } from '@keelson/work';
import type { Published, TestRunnerDeps } from './deps';
import { planOf } from './plan';
import { templateSpec } from './template-spec';

type Test = Exclude<Plan['pipeline']['test'], 'none'>;
type JobDeps = Pick<TestRunnerDeps, 'ledger' | 'templates'>;

/** The job that runs a plan's test in the published image. */
export async function jobSpec(deps: JobDeps, open: OpenWork<Published>): Promise<JobSpec> {
  const { run, attempt, source, ref, commit, image } = open.event.data.customData;
  const { plan, test } = await testOf(deps.ledger, open.event);
  if (test.template !== undefined) return templateSpec(deps, { open, plan, timeoutMs: test.timeoutMs });
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
    ...clusterNeeds(test),
  };
}

/** What only a cluster gives; the port's words but for `gpus`. */
function clusterNeeds({ secrets, services, resources, serviceAccount, namespace }: Test): Partial<CommandJob> {
  return {
    ...(secrets === undefined ? {} : { secrets }),
    ...(services === undefined ? {} : { services }),
    ...(resources === undefined ? {} : { resources: resourcesOf(resources) }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function resourcesOf({ gpus, ...resources }: NonNullable<Test['resources']>): JobResources {
  if (gpus === undefined) return resources;
  return { ...resources, devices: { 'nvidia.com/gpu': gpus, ...resources.devices } };
}

/** The plan and its test. @throws TerminalError when it names none */
export async function testOf(ledger: Ledger, event: Published): Promise<{ plan: Plan; test: Test }> {
  const plan = await planOf(ledger, event);
  if (plan !== undefined && plan.pipeline.test !== 'none') return { plan, test: plan.pipeline.test };
  throw new TerminalError(`the plan of run ${event.data.customData.run} names no test`);
}
