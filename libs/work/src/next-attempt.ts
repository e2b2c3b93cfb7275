import type { Event, RunData } from '@keelson/events';
import { beginKey, endKey, endOf, endRun, openKey, runFields, runName, runStarted } from '@keelson/ledger';
import type { EndRecord, StageEnded } from '@keelson/ledger';
import { instant } from './work-kind';
import type { OpenWork, WorkEvent, Workplace } from './work-kind';

/** Opens the next attempt after an error of ours, while there are any left. Returns what tells of it. */
export async function openNext<E extends WorkEvent>(
  place: Workplace<E>,
  { event, open }: OpenWork<E>,
  ended: StageEnded,
): Promise<readonly Event[]> {
  const { service, stage, again, retryDelaysMs } = place.kind;
  const { ledger, clock } = place.deps;
  const run = event.data.customData;
  const delayMs = retryDelaysMs(ended.reason)[run.attempt - 1];
  // Somebody else ended the attempt: what happened to its job afterwards opens nothing.
  if (delayMs === undefined || (await endedOtherwise(place, run)) !== undefined) return [];
  const [attempt, now] = [run.attempt + 1, clock()];
  const { record: begin } = await ledger.write(beginKey(run.run, attempt), {
    ...{ ...runFields(run), attempt, name: runName(run.run) },
    ...{ from: stage, openedBy: service, openedAt: instant(now) },
    because: `attempt ${run.attempt} ended in an error of ours`,
  });
  if (begin.openedBy !== service) return [];
  // Whoever cancels a run ends its newest attempt and looks for a newer one; we open one and look for an end. One of both sees the other.
  const end = await endedOtherwise(place, run);
  if (end !== undefined) return endNext(place, { ...run, attempt }, end);
  await ledger.write(openKey(service, { run: run.run, attempt, stage }), {
    ...{ event: again(event, begin), openedAt: begin.openedAt, notBefore: instant(now + delayMs) },
    ...(open.priority === undefined ? {} : { priority: open.priority }),
  });
  return [runStarted(begin, service)];
}

/** How the attempt ended, if otherwise than by an error of ours. */
async function endedOtherwise<E extends WorkEvent>(
  { kind, deps }: Workplace<E>,
  { run, attempt }: RunData,
): Promise<EndRecord | undefined> {
  const end = await deps.ledger.read(endKey(run, attempt));
  return end?.endedBy === kind.service && end.outcome === 'error' ? undefined : end;
}

/** The run was ended while its next attempt was opened: that one ends in the same way, before it begins. */
function endNext<E extends WorkEvent>(
  { kind, deps }: Workplace<E>,
  run: RunData,
  { outcome, reason }: EndRecord,
): Promise<readonly Event[]> {
  const { stage, service } = kind;
  return endRun(deps.ledger, endOf({ run, stage, service, now: instant(deps.clock()) }, outcome, reason));
}
