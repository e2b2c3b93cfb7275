import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { changeMerged, runName } from '@keelson/ledger';
import type { ChangeRecord } from '@keelson/ledger';
import { service } from './deps';

/** What a change record tells; nothing for a head that was only taken as the place to start from. */
export function changeTold(change: ChangeRecord): Event[] {
  const { run, source, ref, sequence, commit, seenAt: time } = change;
  if (change.kind === 'baseline') return [];
  if (commit !== null) return [changeMerged({ ...change, commit })];
  return [
    composeEvent({
      ...{ type: eventTypes.branchDeleted, work: { run, attempt: 1, stage: 'source' }, service, time },
      ...{ subjectId: ref, content: { repository: { id: source } }, customData: { source, ref, sequence } },
    }),
  ];
}

/** A run that begins at an image has begun. */
export const imageRunStarted = (run: RunData, time: string): Event =>
  composeEvent({
    ...{ type: eventTypes.pipelineRunStarted, work: { run: run.run, attempt: 1, stage: 'publish' }, service, time },
    ...{ subjectId: `${run.run}/1`, content: { pipelineName: run.source, uri: `keelson:run:${run.run}` } },
    customData: { ...run, name: runName(run.run) },
  });

/** The image of such a run was pushed, somebody said: its source is the repository, and its commit is its digest. */
export function imagePackaged(run: RunData, time: string): Event {
  const [repository, digest] = [run.source, `sha256:${run.commit}`];
  const tag = run.ref.startsWith('refs/tags/') ? { tag: run.ref.slice('refs/tags/'.length) } : {};
  return composeEvent({
    ...{ type: eventTypes.artifactPackaged, work: { run: run.run, attempt: 1, stage: 'build' }, service, time },
    ...{ subjectId: `${repository}@${digest}`, content: { change: { id: run.commit } } },
    customData: { ...run, image: { repository, digest, ...tag } },
  });
}
