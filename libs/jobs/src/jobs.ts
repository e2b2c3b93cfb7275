/** What to run. The name is the job's identity: the same name is the same job, whoever asks. */
export type JobSpec = {
  /** From the work key: lower-case letters, digits, `.` and `-`, at most 63 bytes. */
  name: string;
  /** The image to run in, `registry/repository@sha256:...`. */
  image: string;
  /** Program and arguments, never passed through a shell. */
  command: readonly string[];
  /** Set besides the image's own environment. */
  env: Readonly<Record<string, string>>;
  /** Working directory inside the image. */
  workdir: string;
  /** From start to forced end, milliseconds. */
  timeoutMs: number;
  /** Glob patterns of files, relative to the working directory, that are kept after the end. */
  artifacts: readonly string[];
};

/** How a job ended. Only `exited` says anything about the user's code; everything else is ours or the machine's. */
export type JobEnd =
  | { kind: 'exited'; code: number }
  | { kind: 'signalled'; signal: string }
  | { kind: 'timeout' }
  /** The command could not be started: not found, not executable. The user's fault. */
  | { kind: 'unstartable'; message: string }
  /** The job or its machine is gone; nobody knows how it ended. */
  | { kind: 'lost'; message: string };

export type JobState = {
  name: string;
  phase: 'waiting' | 'running' | 'ended';
  startedAtMs?: number;
  endedAtMs?: number;
  end?: JobEnd;
};

/**
 * One line of output, without its line end. `partial`: no line end followed, because this is a piece of a longer line that the next one goes
 * on with, or because the output ended without one.
 */
export type JobLogLine = {
  /** RFC 3339 with nanoseconds, UTC. */
  time: string;
  bytes: Uint8Array;
  partial?: boolean;
};

export type JobFile = { path: string; sizeBytes: number; read(): AsyncIterable<Uint8Array> };

/** Runs jobs that outlive their caller. No method waits for a job to end. */
export interface Jobs {
  /** Starts the job if there is none of that name. `exists` is success; `deleting`: ask again later. @throws JobsError */
  ensure(spec: JobSpec, signal?: AbortSignal): Promise<'created' | 'exists' | 'deleting'>;
  /** All jobs known here, ended ones included until they are removed. A job whose process vanished is listed as ended, `lost`. */
  list(): Promise<readonly JobState[]>;
  /**
   * The output from its first line, or behind the first `skipLines` lines; follows while the job runs and ends when the output has ended.
   * Lines longer than 1 MiB come in pieces, which count as lines for `skipLines`; they are cut at the same places each time.
   * @throws JobsError when it breaks off: call again with what was seen; the signal's reason: an abort never looks like the end
   */
  log(name: string, options: { skipLines: number }, signal: AbortSignal): AsyncIterable<JobLogLine>;
  /** Files of an ended job that match its `artifacts`; never outside its working directory, symbolic links not followed. */
  files(name: string): Promise<readonly JobFile[]>;
  /** Ends the job with everything it started (SIGTERM, then SIGKILL after a grace) and keeps it listed as ended. No error when there is none. */
  stop(name: string): Promise<void>;
  /** Stops the job and forgets it and its output. No error when there is none. May be called twice. */
  remove(name: string): Promise<void>;
  /** A hint that some job changed. May end at any time; losing one only costs time. */
  changes(signal: AbortSignal): AsyncIterable<void>;
}

/** The job could not be started, listed, read or removed. */
export class JobsError extends Error {
  readonly code = 'jobs';
  override readonly name = 'JobsError';
  constructor(
    message: string,
    /** True when the same call may succeed later. */
    readonly transient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
