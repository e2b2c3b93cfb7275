import { composeEvent, eventTypes } from '@keelson/events';
import type { WorkKind } from '@keelson/work';
import { service } from './deps';
import type { Published, TestRunnerDeps } from './deps';
import { jobSpec, testOf } from './job-spec';
import { testFinished, testStarted } from './tell';
import { verdictOf } from './verdict';

/** What is a test's own about its job: the command of the plan, in the published image; the last stage of its run. */
export function testKind(deps: Pick<TestRunnerDeps, 'ledger' | 'retryDelaysMs' | 'templates'>): WorkKind<Published> {
  return {
    ...{ service, stage: 'test', noun: 'test', endsRun: () => true },
    jobSpec: (work) => jobSpec(deps, work),
    verdict: async (work) => verdictOf(work.end, (await testOf(deps.ledger, work.event)).test.timeoutMs),
    started: testStarted,
    ended: (run, record) => [testFinished(run, record)],
    again: (event, { attempt, openedAt }) =>
      composeEvent({
        type: eventTypes.artifactPublished,
        work: { run: event.data.customData.run, attempt, stage: 'publish' },
        service,
        subjectId: event.data.subject.id,
        content: {},
        customData: { ...event.data.customData, attempt },
        time: openedAt,
      }),
    retryDelaysMs: () => deps.retryDelaysMs,
  };
}
