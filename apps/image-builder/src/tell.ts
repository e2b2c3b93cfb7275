import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { runFields } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { service } from './deps';

const work = ({ run, attempt }: RunData) => ({ run, attempt, stage: 'build' as const });
const subjectId = ({ run, attempt }: RunData) => `${run}/${attempt}/build`;

/** A build that made an image, in the order in which it happened. */
export function buildTold(run: RunData, ended: StageEnded & { image: NonNullable<StageEnded['image']> }): Event[] {
  const { repository, digest, tags } = ended.image;
  const tag = tags[0];
  return [
    composeEvent({
      ...{ type: eventTypes.buildStarted, work: work(run), service, subjectId: subjectId(run), time: ended.startedAt },
      content: {},
      customData: { ...runFields(run), stage: 'build' },
    }),
    buildEnded(run, ended),
    composeEvent({
      ...{ type: eventTypes.artifactPackaged, work: work(run), service, time: ended.endedAt },
      subjectId: `${repository}@${digest}`,
      content: { change: { id: run.commit, source: run.source } },
      customData: { ...runFields(run), image: { repository, digest, ...(tag === undefined ? {} : { tag }) } },
    }),
  ];
}

/** How a build ended, as its record says. */
export function buildEnded(run: RunData, ended: StageEnded): Event {
  const { outcome, reason, image, endedAt: time } = ended;
  return composeEvent({
    ...{ type: eventTypes.buildFinished, work: work(run), service, subjectId: subjectId(run), time },
    content: image === undefined ? {} : { artifactId: `${image.repository}@${image.digest}` },
    customData: { ...runFields(run), stage: 'build', outcome, ...(reason === undefined ? {} : { reason }) },
  });
}
