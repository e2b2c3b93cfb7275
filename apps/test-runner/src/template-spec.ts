import type { JobSpec } from '@keelson/jobs';
import { manifestKey } from '@keelson/ledger';
import { manifestRecord, SealError, templateJob } from '@keelson/pipeline';
import type { Plan } from '@keelson/pipeline';
import { TerminalError } from '@keelson/stage';
import type { OpenWork } from '@keelson/work';
import type { Published, TestRunnerDeps } from './deps';

/** The Job of a plan's test template: as it was rendered when the source was frozen, the published image in it by digest. */
export async function templateSpec(
  { ledger, templates }: Pick<TestRunnerDeps, 'ledger' | 'templates'>,
  { open, plan, timeoutMs }: { open: OpenWork<Published>; plan: Plan; timeoutMs: number },
): Promise<JobSpec> {
  if (templates === undefined)
    throw new TerminalError('no Job template can be run here: whoever runs Keelson sets them up');
  const record = await ledger.read(manifestKey(plan.run, 'test', manifestRecord));
  if (record === undefined) throw new TerminalError(`the test template of run ${plan.run} was not rendered here`);
  const { image, ...work } = open.event.data.customData;
  const reference = `${image.repository}@${image.digest}`;
  const dockerConfig = await templates.dockerConfig?.();
  try {
    const job = templateJob(record, { plan, stage: 'test', work, image: reference }, { ...templates, dockerConfig });
    const { objects, namespace } = job;
    return { name: open.name, timeoutMs, objects, ...(namespace === undefined ? {} : { namespace }) };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new TerminalError(`${record.file} as it was rendered cannot be opened: ${error.message}`, { cause: error });
  }
}
