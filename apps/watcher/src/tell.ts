import { composeEvent, eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import type { ChangeRecord } from '@keelson/ledger';
import { service } from './deps';

/** What a change record tells; nothing for a head that was only taken as the place to start from. */
export function changeTold(change: ChangeRecord): Event[] {
  const { run, source, ref, sequence, commit, seenAt: time } = change;
  const frame = { work: { run, attempt: 1, stage: 'source' as const }, service, time };
  const content = { repository: { id: source } };
  if (change.kind === 'baseline') return [];
  if (commit === null) {
    const customData = { source, ref, sequence };
    return [composeEvent({ ...frame, type: eventTypes.branchDeleted, subjectId: ref, content, customData })];
  }
  const customData = { run, attempt: 1, source, ref, commit, sequence };
  return [composeEvent({ ...frame, type: eventTypes.changeMerged, subjectId: commit, content, customData })];
}
