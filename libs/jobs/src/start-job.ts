import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { markVariable, outerMark } from './config';
import { createJobDirectory, readJob } from './job-directory';
import type { JobHost } from './job-host';
import type { CommandJob } from './jobs';
import { writeEnd } from './end-job';
import { sourceDirectory } from './supervisor/job-files';
import type { JobFiles } from './supervisor/job-files';
import type { Assignment, GivenRecord } from './supervisor/records';
import { replaceStateFile } from './supervisor/state-file';
import type { Supervisor } from './supervisors';
import { told } from './told';

export type StartSignals = {
  /** The caller gives up: nothing is left behind. */
  caller: AbortSignal;
  /** The job is to be stopped: it ends before it began. */
  stop: AbortSignal;
};

/**
 * Starts a job that never began: its directory, its source, its supervisor. When this process dies in between, the job is waiting and
 * starts anew, or its supervisor has it. @throws what `materialise` throws, and JobsError; nothing is left then
 */
export async function startJob(host: JobHost, spec: CommandJob, signals: StartSignals): Promise<void> {
  const directory = path.join(host.root, spec.name);
  const files = await told(starting(spec), async () => {
    await host.trash.take(directory);
    return createJobDirectory(spec, { directory, temp: host.trash.newName() });
  });
  try {
    await prepareAndGive(host, { spec, files }, AbortSignal.any([signals.caller, signals.stop]));
  } catch (error) {
    const found = await readJob(files);
    if (found.kind !== 'waiting' && found.kind !== 'absent') return; // begun after all
    if (!signals.stop.aborted) {
      await host.trash.take(directory);
      throw error;
    }
    await writeEnd(host, files, { kind: 'signalled', signal: 'SIGTERM', stopped: true });
  }
}

type Job = { spec: CommandJob; files: JobFiles };

async function prepareAndGive(host: JobHost, job: Job, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  // Started now when none is ready, so that it is by the time the source is there.
  const supervisor = host.supervisors.take();
  try {
    await host.materialise(job.spec.image, sourceDirectory(job.files, job.spec.workdir), signal);
    signal.throwIfAborted();
  } catch (error) {
    host.supervisors.giveBack(supervisor);
    throw error;
  }
  await told(starting(job.spec), () => give(host, job, supervisor));
}

async function give(host: JobHost, { spec, files }: Job, supervisor: Supervisor): Promise<void> {
  replaceStateFile(files.given, { supervisor: supervisor.record } satisfies GivenRecord);
  const mark = randomUUID();
  const outer = outerMark();
  const env = {
    ...host.baseEnv,
    // The job's directory may lie inside some repository, which is not the source's.
    GIT_CEILING_DIRECTORIES: files.directory,
    ...spec.env,
    [markVariable]: outer === undefined ? mark : `${outer}/${mark}`,
  };
  const { command, timeoutMs } = spec;
  const cwd = sourceDirectory(files, spec.workdir);
  const { stopGraceMs, drainMs } = host;
  const assignment: Assignment = {
    directory: files.directory,
    command,
    cwd,
    env,
    mark,
    timeoutMs,
    stopGraceMs,
    drainMs,
  };
  await supervisor.assign(assignment);
}

const starting = ({ name }: CommandJob): string => `starting the job ${name}`;
