import { composeEvent, eventTypes } from '@keelson/events';
import type { Event, RunData } from '@keelson/events';
import { runFields } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { service } from './deps';

/** Where tests run, as CDEvents wants to know. */
const environment = { id: 'keelson' };

const work = ({ run, attempt }: RunData) => ({ run, attempt, stage: 'test' as const });
const subjectId = ({ run, attempt }: RunData) => `${run}/${attempt}/test`;

/** The test waits for its place. */
export function testQueued(run: RunData, time: string): Event {
  return composeEvent({
    ...{ type: eventTypes.testSuiteRunQueued, work: work(run), service, subjectId: subjectId(run), time },
    content: { environment },
    customData: { ...runFields(run), stage: 'test' },
  });
}

export function testStarted(run: RunData, time: string): Event {
  return composeEvent({
    ...{ type: eventTypes.testSuiteRunStarted, work: work(run), service, subjectId: subjectId(run), time },
    content: { environment },
    customData: { ...runFields(run), stage: 'test' },
  });
}

/** The test has ended, as its record says. */
export function testFinished(run: RunData, ended: StageEnded): Event {
  const { outcome, reason, endedAt: time } = ended;
  return composeEvent({
    ...{ type: eventTypes.testSuiteRunFinished, work: work(run), service, subjectId: subjectId(run), time },
    content: { environment, outcome, ...(reason === undefined ? {} : { reason: reason.message }) },
    customData: { ...runFields(run), stage: 'test', outcome, ...(reason === undefined ? {} : { reason }) },
  });
}
