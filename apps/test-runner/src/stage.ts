import type { Event, EventOf } from '@keelson/events';
import { beginKey, endKey, endOf, endRun, openKey, settled, stageEndedKey } from '@keelson/ledger';
import { emit, TerminalError } from '@keelson/stage';
import type { Stage } from '@keelson/stage';
import { instant, priorityOf } from '@keelson/work';
import { service } from './deps';
import type { Published, TestRunnerDeps } from './deps';
import { planOf } from './plan';
import { testFinished, testQueued } from './tell';

/** `artifact.published` -> an open record, which the observer works on. A run without a test ends here, green. */
export function queueTest({ ledger, clock }: TestRunnerDeps): Stage<Published> {
  return async (event) => {
    const run = event.data.customData;
    const key = { run: run.run, attempt: run.attempt, stage: 'test' as const };
    const now = instant(clock());
    const work = { run, stage: 'test' as const, service, now };
    const ended = await ledger.read(stageEndedKey(key));
    const told = ended === undefined ? [] : [testFinished(run, ended)];
    const nothingToDo = await settled(ledger, work);
    if (nothingToDo !== undefined) return emit(...told, ...nothingToDo);
    if (ended !== undefined) return emit(...told); // the observer is about to end the run
    const plan = await planOf(ledger, event);
    if (plan === undefined) return emit(...(await endRun(ledger, endOf(work, 'error', needsCluster(event)))));
    if (plan.pipeline.test === 'none') {
      const reason = { code: 'no-test', message: 'the pipeline file says `test: none`: nothing was tested' };
      return emit(...(await endRun(ledger, endOf(work, 'success', reason))));
    }
    const priority = await priorityOf(ledger, run);
    const { record } = await ledger.write(openKey(service, key), { event, openedAt: now, priority });
    return emit(testQueued(run, record.openedAt));
  };
}

const needsCluster = ({ subject }: Published) => ({
  code: 'needs-cluster',
  message: `${subject} was not built here: only a cluster can run a test inside an image`,
});

export type RunCancelled = EventOf<'dev.cdeventsx.keelson-run.cancelled.0.1.0'>;

/**
 * `run.cancelled` -> the end of the newest attempt, unless it has ended. The observer stops its job. An attempt that was opened
 * meanwhile, after an error of ours, is ended too: see `openNext`.
 */
export function cancelRun(deps: Pick<TestRunnerDeps, 'ledger' | 'clock'>): Stage<RunCancelled> {
  return async (event) => {
    const { run } = event.data.customData;
    const told: Event[] = [];
    let cancelled: number | undefined;
    for (;;) {
      const attempt = (await deps.ledger.attempts(run)).at(-1);
      if (attempt === undefined) throw new TerminalError(`there is no run ${run} to cancel`);
      if (attempt === cancelled) return emit(...told);
      told.push(...(await cancelAttempt(deps, run, attempt)));
      cancelled = attempt;
    }
  };
}

async function cancelAttempt(
  { ledger, clock }: Pick<TestRunnerDeps, 'ledger' | 'clock'>,
  run: string,
  attempt: number,
): Promise<readonly Event[]> {
  const end = await ledger.read(endKey(run, attempt));
  const about = end ?? (await ledger.read(beginKey(run, attempt)));
  if (about === undefined) throw new TerminalError(`attempt ${attempt} of run ${run} has no begin record`);
  const work = { run: about, stage: 'test' as const, service, now: instant(clock()) };
  const reason = { code: 'cancelled', message: 'somebody asked for it to end' };
  return endRun(ledger, endOf(work, 'cancel', reason));
}
