import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@keelson/process';
import type { ProcessRecord } from '@keelson/process';
import { readJob } from './job-directory';
import type { Found } from './job-directory';
import type { JobHost } from './job-host';
import type { JobEnd } from './jobs';
import type { JobFiles } from './supervisor/job-files';
import { JobProcesses } from './supervisor/job-processes';
import type { EndRecord, StatusRecord } from './supervisor/records';
import { replaceStateFile, syncStateFile } from './supervisor/state-file';

type Begun = { files: JobFiles; status: StatusRecord | undefined };

const lookMs = 20;
/** What a supervisor gets for its own work, beyond the graces it gives the job. */
const slackMs = 2000;

/**
 * Ends what is left of a job whose supervisor is gone, and writes down how it ended. When even that cannot be written, the answer is the same
 * and the next look tries again.
 */
export async function bury(host: JobHost, { files, status }: Begun, end: JobEnd): Promise<Found> {
  if (status !== undefined) {
    // Only a leader that still lives proves that the session is the job's: its id may have gone to others since.
    const leader = status.child !== undefined && isAlive(status.child) ? status.child : undefined;
    await new JobProcesses({ mark: status.mark, leader, notBefore: status.supervisor }).end(0);
    removeTemp(host, status);
  }
  return { kind: 'ended', status, ended: await writeEnd(host, files, end) };
}

/** Writes how a job ended that no supervisor has. */
export async function writeEnd(host: JobHost, files: JobFiles, end: JobEnd): Promise<EndRecord> {
  const ended: EndRecord = { end, endedAtMs: host.clock() };
  try {
    replaceStateFile(files.end, ended);
    await syncStateFile(files.end);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // ENOENT: the job was removed while we looked; nobody will ask for its end.
    if (code !== 'ENOENT') host.onWarning(`${files.end} could not be written: ${message}`);
  }
  return ended;
}

/** Deletes a job's directory for temporary files, if its supervisor did not. The job can write where its name is kept: only a name of ours counts. */
export function removeTemp(host: JobHost, { temp }: StatusRecord): void {
  const ours = path.isAbsolute(temp) && /^keelson-job-\w{6}$/.test(path.basename(temp));
  if (ours) host.trash.delete(temp);
}

/** Asks the supervisor to stop its job, and does it itself when that does not happen. Resolves when the job has ended. */
export async function stopRunning(host: JobHost, { files, status }: Begun & { status: StatusRecord }): Promise<void> {
  send(status.supervisor, 'SIGTERM');
  const endMs = performance.now() + host.stopGraceMs + 2 * host.drainMs + slackMs;
  while (performance.now() < endMs) {
    if ((await readJob(files)).kind !== 'running') return;
    await sleep(lookMs);
  }
  send(status.supervisor, 'SIGKILL');
  // It may have come to know of the command's process since.
  const found = await readJob(files);
  if (found.kind === 'ended' || found.kind === 'absent') return;
  const newest = found.kind === 'waiting' ? status : (found.status ?? status);
  await bury(host, { files, status: newest }, { kind: 'signalled', signal: 'SIGKILL', stopped: true });
}

/**
 * Waits for a supervisor that was given a job to take it, or to end because its parent died at just that moment: a matter of milliseconds.
 */
export async function untilTaken(files: JobFiles): Promise<void> {
  const endMs = performance.now() + slackMs;
  while (performance.now() < endMs) {
    const found = await readJob(files);
    if (found.kind !== 'waiting' || found.given === undefined) return;
    await sleep(lookMs);
  }
}

/** Ends a supervisor that was given a job and has not taken it: whose parent died at just that moment. */
export async function dismissGiven(files: JobFiles): Promise<void> {
  for (
    let found = await readJob(files);
    found.kind === 'waiting' && found.given !== undefined;
    found = await readJob(files)
  ) {
    send(found.given, 'SIGKILL');
    await sleep(lookMs);
  }
}

function send(to: ProcessRecord, signal: NodeJS.Signals): void {
  try {
    if (isAlive(to)) process.kill(to.pid, signal);
  } catch {
    return; // ESRCH: it ended by itself
  }
}
