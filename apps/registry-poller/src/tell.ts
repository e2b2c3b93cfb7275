import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { runFields } from '@keelson/ledger';
import { service } from './deps';

/** The image can be pulled, by digest. */
export function imagePublished(
  run: RunData,
  image: { repository: string; digest: string; tag?: string | undefined },
  time: string,
): Event {
  const { repository, digest, tag } = image;
  return composeEvent({
    type: eventTypes.artifactPublished,
    work: { run: run.run, attempt: run.attempt, stage: 'publish' },
    ...{ service, subjectId: `${repository}@${digest}`, content: {}, time },
    customData: { ...runFields(run), image: { repository, digest, ...(tag === undefined ? {} : { tag }) } },
  });
}
