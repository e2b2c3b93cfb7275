import { concludeRun, openKey } from '@keelson/ledger';
import type { StageEnded, Work } from '@keelson/ledger';
import { emit } from '@keelson/stage';
import type { Outcome } from '@keelson/stage';
import { priorityOf } from '@keelson/work';
import { service } from './deps';
import type { BuildQueued, ImageBuilderDeps } from './deps';
import { buildTold } from './tell';

/** A build that is a job -> an open record, which the observer works on. */
export async function queueBuild(deps: ImageBuilderDeps, work: Work, event: BuildQueued): Promise<Outcome> {
  const { ledger } = deps;
  const { run, now } = work;
  if (deps.work === undefined) {
    const message = 'only a cluster can run this build: on one machine images are made by `build.strategy: append`';
    const ended: StageEnded = {
      ...{ stage: 'build', outcome: 'failure', reason: { code: 'needs-cluster', message } },
      ...{ startedAt: now, endedAt: now },
    };
    return emit(...buildTold(run, ended), ...(await concludeRun(ledger, work, ended)));
  }
  const priority = await priorityOf(ledger, run);
  await ledger.write(openKey(service, { run: run.run, attempt: run.attempt, stage: 'build' }), {
    ...{ event, openedAt: now, priority },
  });
  return emit();
}
