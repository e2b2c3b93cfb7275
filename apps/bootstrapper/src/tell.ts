import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { runFields } from '@keelson/ledger';
import { service } from './deps';

/** The source is frozen: the build may begin. */
export function sourceFrozen(
  run: RunData,
  of: { snapshot: { reference: string; digest: string }; time: string },
): Event {
  return composeEvent({
    type: eventTypes.buildQueued,
    work: { run: run.run, attempt: run.attempt, stage: 'source' },
    service,
    subjectId: `${run.run}/${run.attempt}/build`,
    content: {},
    customData: { ...runFields(run), snapshot: of.snapshot },
    time: of.time,
  });
}
