import type { Event } from '@keelson/events';
import { endRunWith, stageEndedKey, stageStartedKey } from '@keelson/ledger';
import { openNext } from './next-attempt';
import { instant } from './work-kind';
import type { OpenWork, Verdict, WorkEvent, Workplace } from './work-kind';

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
  const [started, standing] = await Promise.all([
    deps.ledger.read(stageStartedKey(key)),
    deps.ledger.read(stageEndedKey(key)),
  ]);
  const ended = standing ?? {
    ...{ stage, startedAt: started?.startedAt ?? now, endedAt: now },
    ...(verdict ?? lost(kind.noun)),
  };
  // The next attempt is open before this one has ended: whoever sees the end sees whether it was the last.
  const { record } = await deps.ledger.write(stageEndedKey(key), ended);
  const next = record.outcome === 'error' ? await openNext({ kind, deps }, work, record) : [];
  if (record.outcome === 'success' && !kind.endsRun(record)) return kind.ended(run, record);
  const end = await endRunWith(deps.ledger, { run, stage, service, now }, record);
  return [...kind.ended(run, record), ...end, ...next];
}

const lost = (noun: string): Verdict => ({
  outcome: 'error',
  reason: { code: 'lost', message: `nobody knows how the ${noun} ended` },
});
