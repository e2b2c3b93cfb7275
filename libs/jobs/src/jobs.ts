/** A command to run in an image. The name is the job's identity: the same name is the same job, whoever asks. */
export type CommandJob = {
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
  /** Variables whose values are in Secrets of the job's namespace. Cluster only, like all that follow. */
  secrets?: Readonly<Record<string, { secret: string; key: string }>>;
  /** Up before the command, gone after it; reached as `localhost` and by their names. */
  services?: readonly JobService[];
  resources?: JobResources;
  /** The account whose token the command gets; absent: none. */
  serviceAccount?: string;
  /** Where it runs; absent: in the adapter's own namespace. */
  namespace?: string;
};

/** A server beside the command. */
export type JobService = {
  name: string;
  image: string;
  /** Program and arguments; absent: the image's own. */
  command?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** When it counts as up. */
  ready: { port: number } | { command: readonly string[] } | { httpGet: { port: number; path: string } };
};

/** Quantities as Kubernetes writes them: `500m`, `2`, `4Gi`. */
export type JobResources = {
  /** What it is sure to get; more if there is. */
  cpu?: string;
  /** What it is sure to get, and at most. */
  memory?: string;
  /** Of the node's disk, beside the image. */
  disk?: string;
  /** Whole devices by their resource's name, `nvidia.com/gpu`. */
  devices?: Readonly<Record<string, number>>;
  nodeSelector?: Readonly<Record<string, string>>;
  tolerations?: readonly JobToleration[];
  /** Secrets of the namespace that hold credentials for the images. */
  pullSecrets?: readonly string[];
};

export type JobToleration = {
  key?: string;
  operator?: 'Exists' | 'Equal';
  value?: string;
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
};

/** Work given as Kubernetes objects: a builder's pod, or a user's template. Cluster only. */
export type ManifestJob = {
  /** As of a CommandJob. */
  name: string;
  timeoutMs: number;
  /** Exactly one Job, and what it needs beside: Secrets, ConfigMaps, Services, PersistentVolumeClaims. */
  objects: readonly KubeObject[];
  /** Absent: the adapter's own. `create`: made for this job; `keep`: neither it nor what the job left in it is removed. */
  namespace?: { name: string; create: boolean; keep: boolean };
  /**
   * What the pod's one container prints last of all when it has ended well: a cluster notices that later. It is no output. To be known to nothing else
   * that prints there.
   */
  lastLine?: string;
};

/** An object as its YAML says it. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Readonly<Record<string, string>>;
    annotations?: Readonly<Record<string, string>>;
  };
  [field: string]: unknown;
};

/** What to run. */
export type JobSpec = CommandJob | ManifestJob;

/** Who can do something about it: the user, by changing what was asked for, or who runs the machines. */
export type Fault = 'user' | 'ours';

/** What a cluster can do to a job. */
export type ClusterCause =
  | 'image-pull'
  | 'unschedulable'
  /** Something it names is not there or not allowed: a Secret, its user, the namespace's policy. */
  | 'refused'
  | 'out-of-memory'
  | 'service-not-ready'
  | 'evicted'
  | 'node-lost'
  /** It was not up in time, and nobody knows why. */
  | 'not-started'
  /** Somebody deleted the pod. */
  | 'deleted';

/** How a job ended. `exited` is the user's code; `cluster` says whose fault it is; everything else is ours or the machine's. */
export type JobEnd =
  | { kind: 'exited'; code: number }
  /** `stopped`, where the adapter knows: we ended it, however the command answered; not itself, the kernel or somebody. */
  | { kind: 'signalled'; signal: string; stopped?: true | undefined }
  | { kind: 'timeout' }
  /** The command could not be started: not found, not executable. The user's fault. */
  | { kind: 'unstartable'; message: string }
  /** The cluster never ran it, or took it away. */
  | { kind: 'cluster'; cause: ClusterCause; fault: Fault; message: string }
  /** The job or its machine is gone; nobody knows how it ended. */
  | { kind: 'lost'; message: string };

export type JobState = {
  name: string;
  phase: 'waiting' | 'running' | 'ended';
  /** Why it still waits, where that can be told. */
  waitingFor?: string;
  startedAtMs?: number;
  endedAtMs?: number;
  end?: JobEnd;
};

/**
 * One line of output, without its line end. `partial`: no line end followed, because this is a piece of a longer line that the next one goes
 * on with, or because the output ended without one.
 */
export type JobLogLine = {
  /** RFC 3339 with nanoseconds, UTC. It may go back: where output and errors come by two pipes, and from one container to the next. */
  time: string;
  bytes: Uint8Array;
  partial?: boolean;
};

/** Output is missing here, and why. The output is complete when there was no gap. */
export type JobLogGap = { gap: string };

export type JobLogEntry = JobLogLine | JobLogGap;

/** What a reader has of a job's output. */
export type JobLogPlace = {
  /** Its number of lines. */
  skipLines: number;
  /** The time of the last of them: a place where old output is thrown away can tell by it whether any is missing. */
  after?: string | undefined;
};

export type JobFile = { path: string; sizeBytes: number; read(): AsyncIterable<Uint8Array> };

/** Runs jobs that outlive their caller. No method waits for a job to end. */
export interface Jobs {
  /** Starts the job if there is none of that name. `exists` is success; `deleting`: ask again later. @throws JobsError */
  ensure(spec: JobSpec, signal?: AbortSignal): Promise<'created' | 'exists' | 'deleting'>;
  /**
   * All jobs known here, ended ones included until they are removed. A job whose process vanished is listed as ended, `lost`. Ends those that are
   * over their time. @throws JobsError
   */
  list(): Promise<readonly JobState[]>;
  /**
   * The output from its first line, or behind the given place; follows while the job runs and ends when the output has ended.
   * Lines longer than 1 MiB come in pieces, which count as lines for `skipLines`; they are cut at the same places each time.
   * @throws JobsError when it breaks off: call again with what was seen; the signal's reason: an abort never looks like the end
   */
  log(name: string, place: JobLogPlace, signal: AbortSignal): AsyncIterable<JobLogEntry>;
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
  /** Whose fault it is that the job cannot be had. */
  readonly fault: Fault;
  constructor(
    message: string,
    /** True when the same call may succeed later. */
    readonly transient: boolean,
    options: ErrorOptions & { fault?: Fault } = {},
  ) {
    super(message, options);
    this.fault = options.fault ?? 'ours';
  }
}
