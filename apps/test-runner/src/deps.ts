import type { EventOf } from '@keelson/events';
import type { Jobs } from '@keelson/jobs';
import type { Ledger } from '@keelson/ledger';

export const service = 'test-runner';

/** The event that asks for a test. */
export type Published = EventOf<'dev.cdevents.artifact.published.0.3.0'>;

export type TestRunnerDeps = {
  ledger: Ledger;
  jobs: Jobs;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** Tests at work at once. */
  limit: number;
  /** Whether a newer change also cancels a test that is already running. */
  cancelRunning: boolean;
  /** How long to wait before each further attempt after an error of ours; its length is the number of further attempts. */
  retryDelaysMs: readonly number[];
  warn: (message: string, fields: Record<string, unknown>) => void;
};

export const instant = (ms: number): string => new Date(ms).toISOString();
