import { composeEvent, eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import {
  beginKey,
  concludeRun,
  endKey,
  openKey,
  runFields,
  runName,
  stageEndedKey,
  stageStartedKey,
} from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { instant, service } from './deps';
import type { Published, TestRunnerDeps } from './deps';
import { testFinished } from './tell';

type Ending = Omit<StageEnded, 'stage' | 'startedAt' | 'endedAt'>;

/**
 * Writes how a test ended, ends its attempt, and opens the next one when the fault was ours.
 * @param ending undefined when the stage's record is there already, from before a crash: everything is told from it again
 */
export async function concludeTest(
  deps: TestRunnerDeps,
  test: { event: Published },
  ending: Ending | undefined,
): Promise<readonly Event[]> {
  const run = test.event.data.customData;
  const key = { run: run.run, attempt: run.attempt, stage: 'test' as const };
  const now = instant(deps.clock());
  const started = await deps.ledger.read(stageStartedKey(key));
  const standing = await deps.ledger.read(stageEndedKey(key));
  const ended = standing ?? { stage: 'test', startedAt: started?.startedAt ?? now, endedAt: now, ...(ending ?? lost) };
  // The next attempt is open before this one has ended: whoever sees the end sees whether it was the last.
  const { record } = await deps.ledger.write(stageEndedKey(key), ended);
  if (record.outcome === 'error') await openNext(deps, test.event);
  const end = await concludeRun(deps.ledger, { run, stage: 'test', service, now }, record);
  return [testFinished(run, record), ...end];
}

const lost: Ending = { outcome: 'error', reason: { code: 'lost', message: 'nobody knows how the test ended' } };

/** The next attempt after an error of ours, while there are any left. */
async function openNext(deps: TestRunnerDeps, event: Published): Promise<void> {
  const run = event.data.customData;
  const delayMs = deps.retryDelaysMs[run.attempt - 1];
  if (delayMs === undefined) return;
  // Somebody else ended the attempt: what happened to its job afterwards opens nothing.
  const end = await deps.ledger.read(endKey(run.run, run.attempt));
  if (end !== undefined && (end.endedBy !== service || end.outcome !== 'error')) return;
  const nextRun = { ...run, attempt: run.attempt + 1 };
  const now = deps.clock();
  const { record, ours } = await deps.ledger.write(beginKey(run.run, nextRun.attempt), {
    ...runFields(nextRun),
    ...{ name: runName(run.run), from: 'test', openedBy: service, openedAt: instant(now) },
    because: `attempt ${run.attempt} ended in an error of ours`,
  });
  if (!ours && record.openedBy !== service) return;
  const next = composeEvent({
    type: eventTypes.artifactPublished,
    work: { run: run.run, attempt: nextRun.attempt, stage: 'publish' },
    service,
    subjectId: event.data.subject.id,
    content: {},
    customData: nextRun,
    time: record.openedAt,
  });
  const open = { event: next, openedAt: record.openedAt, notBefore: instant(now + delayMs) };
  await deps.ledger.write(openKey(service, { run: run.run, attempt: nextRun.attempt, stage: 'test' }), open);
}
