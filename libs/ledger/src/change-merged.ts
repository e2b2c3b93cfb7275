import { composeEvent, eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import type { ChangeRecord } from './records';

/** The event that tells of a commit to build, from its change record: the same however often it is told, and by whomever. */
export function changeMerged({ kind, commit, ...change }: ChangeRecord & { commit: string }): Event {
  const { run, source, ref, sequence, seenAt: time } = change;
  return composeEvent({
    type: eventTypes.changeMerged,
    work: { run, attempt: 1, stage: 'source' },
    // Whose change it is: one service may tell what another one died with.
    service: kind === 'rebuilt' ? 'registry-poller' : 'watcher',
    ...{ subjectId: commit, content: { repository: { id: source } }, time },
    customData: { run, attempt: 1, source, ref, commit, sequence },
  });
}
