import type { ProcessRecord } from '@keelson/process';
import type { JobEnd } from '../jobs';

/** `given.json` */
export type GivenRecord = { supervisor: ProcessRecord };

/** `status.json` */
export type StatusRecord = {
  supervisor: ProcessRecord;
  /** See JobProcesses. */
  mark: string;
  /** The job's private directory for temporary files, removed at the end. */
  temp: string;
  startedAtMs: number;
  /** Missing until the command has been started. */
  child?: ProcessRecord | undefined;
};

/** `end.json` */
export type EndRecord = { end: JobEnd; endedAtMs: number };

/** What a supervisor is told, as one line of JSON on its standard input. */
export type Assignment = {
  /** Absolute, the job's own. */
  directory: string;
  command: readonly string[];
  /** Where the command runs, absolute. */
  cwd: string;
  /** The whole environment but TMPDIR. */
  env: Readonly<Record<string, string>>;
  mark: string;
  timeoutMs: number;
  /** From SIGTERM to SIGKILL. */
  stopGraceMs: number;
  /** How long what the command left behind may go on writing, and then how long it may take to end. */
  drainMs: number;
};

/** What a supervisor says on its standard output once `status.json` is there. */
export const takenLine = 'taken\n';
