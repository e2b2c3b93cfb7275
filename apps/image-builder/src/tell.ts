import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { runFields } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { service } from './deps';

const work = ({ run, attempt }: RunData) => ({ run, attempt, stage: 'build' as const });
const subjectId = ({ run, attempt }: RunData) => `${run}/${attempt}/build`;

/** What a build's record tells, in the order in which it happened. */
export const buildTold = (run: RunData, ended: StageEnded): Event[] => [
  buildStarted(run, ended.startedAt),
  ...buildFinished(run, ended),
];

export const buildStarted = (run: RunData, time: string): Event =>
  composeEvent({
    ...{ type: eventTypes.buildStarted, work: work(run), service, subjectId: subjectId(run), time },
    content: {},
    customData: { ...runFields(run), stage: 'build' },
  });

/** How it ended, and its image where there is one. */
export function buildFinished(run: RunData, ended: StageEnded): Event[] {
  const { image } = ended;
  return [buildEnded(run, ended), ...(image === undefined ? [] : [imagePackaged(run, image, ended.endedAt)])];
}

function buildEnded(run: RunData, ended: StageEnded): Event {
  const { outcome, reason, image, endedAt: time } = ended;
  return composeEvent({
    ...{ type: eventTypes.buildFinished, work: work(run), service, subjectId: subjectId(run), time },
    content: image === undefined ? {} : { artifactId: `${image.repository}@${image.digest}` },
    customData: { ...runFields(run), stage: 'build', outcome, ...(reason === undefined ? {} : { reason }) },
  });
}

function imagePackaged(run: RunData, image: NonNullable<StageEnded['image']>, time: string): Event {
  const { repository, digest, tags } = image;
  const tag = tags[0];
  return composeEvent({
    ...{ type: eventTypes.artifactPackaged, work: work(run), service, time },
    subjectId: `${repository}@${digest}`,
    content: { change: { id: run.commit, source: run.source } },
    customData: { ...runFields(run), image: { repository, digest, ...(tag === undefined ? {} : { tag }) } },
  });
}
