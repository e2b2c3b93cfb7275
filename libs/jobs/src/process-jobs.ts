import { mkdir, readdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { baseEnvironment, markVariable, outerMark } from './config';
import { bury, dismissGiven, removeTemp, stopRunning, untilTaken, writeEnd } from './end-job';
import { followOutput } from './follow-output';
import { findArtifacts } from './job-artifacts';
import { JobChanges } from './job-changes';
import { jobDirectory, readJob, readSpec } from './job-directory';
import type { Found } from './job-directory';
import type { JobHost, Materialise } from './job-host';
import { isJobName, machineJob } from './job-spec';
import { JobsError } from './jobs';
import type { CommandJob, JobEnd, JobFile, JobLogEntry, JobLogPlace, Jobs, JobSpec, JobState } from './jobs';
import { startJob } from './start-job';
import type { StartSignals } from './start-job';
import { sourceDirectory } from './supervisor/job-files';
import type { StatusRecord } from './supervisor/records';
import { builtSupervisor, Supervisors } from './supervisors';
import { told } from './told';
import { Trash } from './trash';

export type ProcessJobsOptions = {
  /** Of all jobs; made if need be. One process at a time may have it. */
  directory: string;
  /** Fills an empty directory with what an image holds below its working directory. What it throws, `ensure` throws. */
  materialise: Materialise;
  /** Told of each directory that `materialise` filled, when its job is over and has been removed. */
  removed?: (sourceDirectory: string) => void;
  /** From SIGTERM to SIGKILL. */
  stopGraceMs?: number;
  /** How long processes that a command left behind may write on, and then how long they may take to end. */
  drainMs?: number;
  /** Milliseconds since the epoch. */
  clock?: () => number;
  /** Told what an operator should know, and nothing else depends on. */
  onWarning?: (message: string) => void;
  /** The compiled supervisor, `supervisor/main.js`. */
  supervisorPath?: string;
};

type Starting = { stop: AbortController; settled: Promise<unknown> };
const never = new AbortController().signal;

/**
 * Jobs as child processes of this machine: the image is not entered, its source is copied and the command run there. Each job has a supervisor, a
 * process of its own that outlives this one; the next one finds its jobs by their directories, which alone say what is so.
 */
export class ProcessJobs implements Jobs {
  readonly #options: ProcessJobsOptions;
  readonly #changes = new JobChanges();
  readonly #starting = new Map<string, Starting>();
  readonly #removing = new Map<string, Promise<void>>();
  readonly #burying = new Map<string, Promise<Found>>();
  #host: Promise<JobHost> | undefined;

  constructor(options: ProcessJobsOptions) {
    this.#options = options;
  }

  /** Has a supervisor ready for the first job. @throws JobsError */
  async warm(): Promise<void> {
    (await this.#opened()).supervisors.warm();
  }

  async ensure(asked: JobSpec, signal: AbortSignal = never): Promise<'created' | 'exists' | 'deleting'> {
    const spec = machineJob(asked);
    const { name } = spec;
    if (this.#removing.has(name)) return 'deleting';
    if (this.#starting.has(name)) return 'exists';
    const stop = new AbortController();
    const ensured = this.#ensure(spec, { caller: signal, stop: stop.signal });
    this.#starting.set(name, { stop, settled: ensured.catch(() => undefined) });
    try {
      return await ensured;
    } finally {
      this.#starting.delete(name);
      this.#changes.tell();
    }
  }

  async list(): Promise<readonly JobState[]> {
    const host = await this.#opened();
    const names = (await told(`listing ${host.root}`, () => readdir(host.root))).filter(isJobName).sort();
    const states = await Promise.all(names.map(async (name) => stateOf(name, await this.#look(host, name))));
    return states.filter((state) => state !== undefined);
  }

  async *log(name: string, { skipLines }: JobLogPlace, signal: AbortSignal): AsyncGenerator<JobLogEntry> {
    const host = await this.#opened();
    const files = jobDirectory(host.root, checkedName(name));
    const look = () => this.#look(host, name);
    let skip = skipLines;
    for await (const lines of followOutput({ name, files, look }, signal)) {
      for (const line of skip === 0 ? lines : lines.slice(skip)) yield line;
      skip -= Math.min(skip, lines.length);
    }
    const found = await look();
    // Nobody knows what it would have printed.
    if (found.kind === 'ended' && found.ended.end.kind === 'lost') yield { gap: found.ended.end.message };
  }

  async files(name: string): Promise<readonly JobFile[]> {
    const host = await this.#opened();
    const files = jobDirectory(host.root, checkedName(name));
    const { kind } = await this.#look(host, name);
    const spec = await readSpec(files);
    if (kind === 'absent' || spec === undefined) throw new JobsError(`there is no job ${name}`, false);
    if (kind !== 'ended') throw new JobsError(`the job ${name} has not ended: its files may still change`, true);
    return findArtifacts(sourceDirectory(files, spec.workdir), spec.artifacts);
  }

  async stop(name: string): Promise<void> {
    if (!isJobName(name)) return;
    const host = await this.#opened();
    const starting = this.#starting.get(name);
    starting?.stop.abort();
    await starting?.settled;
    const files = jobDirectory(host.root, name);
    await dismissGiven(files);
    const found = await this.#look(host, name);
    if (found.kind === 'waiting') await writeEnd(host, files, { kind: 'signalled', signal: 'SIGTERM', stopped: true });
    if (found.kind === 'running') await stopRunning(host, { files, status: found.status });
    this.#changes.tell();
  }

  async remove(name: string): Promise<void> {
    if (!isJobName(name)) return;
    const removing = this.#removing.get(name) ?? this.#remove(name);
    this.#removing.set(name, removing);
    try {
      await removing;
    } finally {
      this.#removing.delete(name);
      this.#changes.tell();
    }
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void> {
    yield* this.#changes.follow((await this.#opened()).root, signal);
  }

  /**
   * Ends what this process holds. Jobs that run are stopped, or left to their supervisors, to be found by the next ProcessJobs on the directory.
   * May be called twice.
   */
  async close({ leaveJobs = false } = {}): Promise<void> {
    const host = await this.#opened();
    if (!leaveJobs) await Promise.all((await this.list()).map(({ name }) => this.stop(name)));
    await host.supervisors.close();
    await host.trash.idle();
  }

  async #ensure(spec: CommandJob, signals: StartSignals): Promise<'created' | 'exists'> {
    const host = await this.#opened();
    await untilTaken(jobDirectory(host.root, spec.name));
    const found = await this.#look(host, spec.name);
    if (found.kind !== 'absent' && (found.kind !== 'waiting' || found.given !== undefined)) return 'exists';
    await startJob(host, spec, signals);
    return 'created';
  }

  async #remove(name: string): Promise<void> {
    const host = await this.#opened();
    await this.stop(name);
    const found = await this.#look(host, name);
    if (found.kind === 'ended' && found.status !== undefined) removeTemp(host, found.status);
    const files = jobDirectory(host.root, name);
    const spec = found.kind === 'ended' && host.removed !== undefined ? await readSpec(files) : undefined;
    await told(`removing the job ${name}`, () => host.trash.take(files.directory));
    if (spec !== undefined) host.removed?.(sourceDirectory(files, spec.workdir));
  }

  /** A job's state. One whose supervisor is gone is ended first. */
  async #look(host: JobHost, name: string): Promise<Found> {
    const files = jobDirectory(host.root, name);
    const found = await told(`looking at the job ${name}`, () => readJob(files));
    if (found.kind !== 'orphaned') return found;
    const burying = this.#burying.get(name) ?? bury(host, { files, status: found.status }, lost(name, found.status));
    this.#burying.set(name, burying);
    try {
      return await burying;
    } finally {
      this.#burying.delete(name);
    }
  }

  #opened(): Promise<JobHost> {
    this.#host ??= told(`opening the jobs in ${this.#options.directory}`, () => this.#open()).catch(
      (error: unknown) => {
        this.#host = undefined;
        throw error;
      },
    );
    return this.#host;
  }

  async #open(): Promise<JobHost> {
    const { directory, materialise, removed, supervisorPath = builtSupervisor() } = this.#options;
    const { stopGraceMs = 5000, drainMs = 1000, clock = Date.now, onWarning = () => undefined } = this.#options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const root = await realpath(directory);
    const trash = new Trash(root, onWarning);
    await trash.sweep();
    const baseEnv = baseEnvironment();
    const outer = outerMark();
    const env = { ...baseEnv, TMPDIR: tmpdir(), ...(outer === undefined ? {} : { [markVariable]: outer }) };
    const supervisors = new Supervisors({ supervisorPath, env, onEnd: this.#changes.tell });
    return { root, supervisors, trash, materialise, removed, baseEnv, stopGraceMs, drainMs, clock, onWarning };
  }
}

function checkedName(name: string): string {
  if (!isJobName(name)) throw new JobsError(`there is no job ${JSON.stringify(name)}`, false);
  return name;
}

function lost(name: string, status: StatusRecord | undefined): JobEnd {
  const who =
    status === undefined ? 'its record is damaged' : `its supervisor, process ${status.supervisor.pid}, is gone`;
  return { kind: 'lost', message: `nobody knows how the job ${name} ended: ${who} (killed, or the machine restarted)` };
}

function stateOf(name: string, found: Found): JobState | undefined {
  if (found.kind === 'absent') return undefined;
  if (found.kind === 'waiting') return { name, phase: 'waiting' };
  const started = found.status === undefined ? {} : { startedAtMs: found.status.startedAtMs };
  if (found.kind !== 'ended') return { name, phase: 'running', ...started };
  const { end, endedAtMs } = found.ended;
  return { name, phase: 'ended', ...started, endedAtMs, end };
}
