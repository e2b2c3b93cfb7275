import type { EventOf } from '@keelson/events';
import type { TemplateMeans } from '@keelson/pipeline';
import type { WorkDeps } from '@keelson/work';

export const service = 'test-runner';

/** The event that asks for a test. */
export type Published = EventOf<'dev.cdevents.artifact.published.0.3.0'>;

export type TestRunnerDeps = WorkDeps & {
  /** How long to wait before each further attempt after an error of ours; its length is the number of further attempts. */
  retryDelaysMs: readonly number[];
  /** What it takes to run Job templates; absent: none is run here. */
  templates?: TemplateMeans | undefined;
};
