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
import { instant } from './work-kind';
import type { OpenWork, Verdict, WorkDeps, WorkEvent, WorkKind } from './work-kind';

/** A service's jobs, and what they need. */
export type Workplace<E extends WorkEvent> = { kind: WorkKind<E>; deps: WorkDeps };

/**
 * Writes how work ended, ends its attempt where it does, and opens the next one when the fault was ours.
 * @param verdict undefined when the stage's record is there already, from before a crash: everything is told from it again
 */
export async function conclude<E extends WorkEvent>(
  { kind, deps }: Workplace<E>,
  work: OpenWork<E>,
  verdict: Verdict | undefined,
): Promise<readonly Event[]> {
  const { stage, service } = kind;
  const run = work.event.data.customData;
  const key = { run: run.run, attempt: run.attempt, stage };
  const now = instant(deps.clock());
  const started = await deps.ledger.read(stageStartedKey(key));
  const standing = await deps.ledger.read(stageEndedKey(key));
  const ended = standing ?? {
    ...{ stage, startedAt: started?.startedAt ?? now, endedAt: now },
    ...(verdict ?? lost(kind.noun)),
  };
  // The next attempt is open before this one has ended: whoever sees the end sees whether it was the last.
  const { record } = await deps.ledger.write(stageEndedKey(key), ended);
  if (record.outcome === 'error') await openNext({ kind, deps }, work, record);
  if (record.outcome === 'success' && !kind.endsRun) return kind.ended(run, record);
  const end = await concludeRun(deps.ledger, { run, stage, service, now }, record);
  return [...kind.ended(run, record), ...end];
}

const lost = (noun: string): Verdict => ({
  outcome: 'error',
  reason: { code: 'lost', message: `nobody knows how the ${noun} ended` },
});

/** The next attempt after an error of ours, while there are any left. */
async function openNext<E extends WorkEvent>(
  { kind, deps }: Workplace<E>,
  { event, open }: OpenWork<E>,
  ended: StageEnded,
): Promise<void> {
  const { service, stage } = kind;
  const run = event.data.customData;
  const delayMs = kind.retryDelaysMs(ended.reason)[run.attempt - 1];
  if (delayMs === undefined) return;
  // Somebody else ended the attempt: what happened to its job afterwards opens nothing.
  const end = await deps.ledger.read(endKey(run.run, run.attempt));
  if (end !== undefined && (end.endedBy !== service || end.outcome !== 'error')) return;
  const attempt = run.attempt + 1;
  const now = deps.clock();
  const { record, ours } = await deps.ledger.write(beginKey(run.run, attempt), {
    ...{ ...runFields(run), attempt, name: runName(run.run) },
    ...{ from: stage, openedBy: service, openedAt: instant(now) },
    because: `attempt ${run.attempt} ended in an error of ours`,
  });
  if (!ours && record.openedBy !== service) return;
  await deps.ledger.write(openKey(service, { run: run.run, attempt, stage }), {
    ...{ event: kind.again(event, record), openedAt: record.openedAt, notBefore: instant(now + delayMs) },
    ...(open.priority === undefined ? {} : { priority: open.priority }),
  });
}
