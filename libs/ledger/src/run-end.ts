import { composeEvent, eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import { endKey } from './keys';
import type { Ledger } from './ledger';
import type { EndRecord } from './records';

/** The event that tells of an attempt's end, from its record: the same however often it is told. */
export function runFinished(end: EndRecord): Event {
  return composeEvent({
    type: eventTypes.pipelineRunFinished,
    work: { run: end.run, attempt: end.attempt, stage: end.stage },
    service: end.endedBy,
    subjectId: `${end.run}/${end.attempt}`,
    time: end.endedAt,
    content: {
      pipelineName: end.source,
      uri: `keelson:run:${end.run}`,
      outcome: end.outcome,
      ...(end.outcome === 'success' || end.reason === undefined ? {} : { errors: end.reason.message }),
    },
    customData: end,
  });
}

/**
 * Ends an attempt, if nobody has. Returns what to publish: the end, when it is ours (also from an earlier call); nothing
 * when somebody else ended it first, for they publish it.
 */
export async function endRun(ledger: Ledger, end: EndRecord): Promise<readonly Event[]> {
  const { record } = await ledger.write(endKey(end.run, end.attempt), end);
  return record.endedBy === end.endedBy ? [runFinished(record)] : [];
}
