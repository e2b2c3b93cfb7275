import type { Event, Reason, RunData, StageName } from '@keelson/events';
import type { JobEnd, Jobs, JobSpec } from '@keelson/jobs';
import type { BeginRecord, Ledger, OpenRecord, StageEnded } from '@keelson/ledger';

/** An event that asks for work: it carries the run. */
export type WorkEvent = Event & { data: { customData: RunData } };

/** Work that a service has taken on: the event that asked for it, its record, and the name of its job. */
export type OpenWork<E extends WorkEvent> = { event: E; open: OpenRecord; name: string };

/** What is left of a job's output and files once all is kept. */
export type Kept = Pick<StageEnded, 'log' | 'artifacts' | 'warnings'>;

/** How work ended, as its record says it. */
export type Verdict = Omit<StageEnded, 'stage' | 'startedAt' | 'endedAt'>;

/** A job that has ended, with everything of it kept. */
export type EndedWork<E extends WorkEvent> = OpenWork<E> & { end: JobEnd; kept: Kept };

/** What one service's jobs are: all that differs between a test and a build. */
export type WorkKind<E extends WorkEvent> = {
  readonly service: string;
  readonly stage: StageName;
  /** What people call one: `test`, `build`. */
  readonly noun: string;
  /** Whether a success ends the run; otherwise the next stage goes on. What is no success always does. */
  endsRun(record: StageEnded): boolean;
  /** The job that does it. @throws TerminalError when there can never be one, anything else when there is none now */
  jobSpec(work: OpenWork<E>, signal: AbortSignal): Promise<JobSpec>;
  /** What the job's end and its output mean. Unknown is an error, never a success. May be asked again for the same job. */
  verdict(work: EndedWork<E>, signal: AbortSignal): Promise<Verdict>;
  /** Tells that it began. */
  started(run: RunData, time: string): Event;
  /** Tells how it ended, from its record alone. */
  ended(run: RunData, record: StageEnded): readonly Event[];
  /** The event by which the next attempt takes the work up again. */
  again(event: E, begin: BeginRecord): E;
  /** The pauses before further attempts after an error of ours; their number is that of the further attempts. */
  retryDelaysMs(reason: Reason | undefined): readonly number[];
};

/** What work needs of its service. */
export type WorkDeps = {
  ledger: Ledger;
  jobs: Jobs;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** Jobs at work at once. */
  limit: number;
  /** Of these, how many of one project (the source that is watched); absent: as many as there is room for. */
  projectLimit?: number;
  /** How much of one job's output is kept, in bytes: the rest is not, and the log says so. Absent: all. */
  logLimitBytes?: number;
  /** Whether a newer change also cancels a job that is already running. */
  cancelRunning: boolean;
  warn: (message: string, fields: Record<string, unknown>) => void;
};

/** A service's jobs, and what they need. */
export type Workplace<E extends WorkEvent> = { kind: WorkKind<E>; deps: WorkDeps };

export const instant = (ms: number): string => new Date(ms).toISOString();
