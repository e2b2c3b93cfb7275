import type { Supervisors } from './supervisors';
import type { Trash } from './trash';

/** What the parts of ProcessJobs share. */
export type JobHost = {
  /** Absolute, links resolved; one directory per job in it. */
  root: string;
  supervisors: Supervisors;
  trash: Trash;
  materialise: Materialise;
  removed: ((sourceDirectory: string) => void) | undefined;
  /** Of every job, below its own. */
  baseEnv: Readonly<Record<string, string>>;
  stopGraceMs: number;
  drainMs: number;
  /** Milliseconds since the epoch. */
  clock: () => number;
  onWarning: (message: string) => void;
};

/** Fills the empty directory with what the image holds below its working directory. */
export type Materialise = (image: string, into: string, signal: AbortSignal) => Promise<void>;
