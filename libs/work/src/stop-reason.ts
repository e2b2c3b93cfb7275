import type { Reason } from '@keelson/events';
import type { JobState } from '@keelson/jobs';
import { superseded } from '@keelson/ledger';
import type { OpenWork, WorkDeps, WorkEvent } from './work-kind';

/** Why work must not go on: its attempt has ended, or a newer change came. Undefined when it may. */
export async function stopReason(
  deps: WorkDeps,
  work: OpenWork<WorkEvent>,
  job: JobState | undefined,
): Promise<Reason | undefined> {
  const standing = await deps.ledger.standing(work.event.data.customData);
  if (standing.kind === 'ended')
    return standing.end.reason ?? { code: 'ended', message: `the attempt was ended by ${standing.end.endedBy}` };
  if (standing.kind !== 'superseded') return undefined;
  if (job === undefined || job.phase === 'waiting') return superseded(standing.by);
  // One that we stopped has ended by the time its log is sealed; one that ended of its own accord has its verdict.
  const isOver = job.phase === 'ended' && job.end?.kind !== 'signalled';
  return deps.cancelRunning && !isOver ? superseded(standing.by) : undefined;
}
