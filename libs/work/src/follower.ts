import { setTimeout as sleep } from 'node:timers/promises';
import { JobsError } from '@keelson/jobs';
import { keepArtifact, logPrefix } from '@keelson/ledger';
import { LogWriter } from '@keelson/logs';
import type { LogManifest } from '@keelson/logs';
import type { WorkKey } from '@keelson/events';
import type { JobFile, JobLogPlace } from '@keelson/jobs';
import { instant } from './work-kind';
import type { Kept, WorkDeps } from './work-kind';

/** Files that cannot be had yet (a cluster says that a job has ended only some time after its output has) are asked for again: this often, for so long. */
const filesAgainMs = 250;
const filesWithinMs = 60_000;

/** A job, and whose work it is. */
export type Followed = {
  name: string;
  work: WorkKey;
  /** Called when its output has ended, before all is kept: its place may be free. */
  onOutputEnd?: () => void;
};

/**
 * Copies one job's output into the log store while it runs, seals the log when it ends, and keeps its artifacts.
 * Resumes behind what is stored: nothing is lost or doubled when it is called again after a crash.
 */
export async function follow(deps: WorkDeps, job: Followed, signal: AbortSignal): Promise<Kept> {
  const { work } = job;
  const { run, attempt } = work;
  const { ledger, clock, logLimitBytes: maxBytes } = deps;
  const limit = maxBytes === undefined ? {} : { maxBytes };
  const writer = new LogWriter({ store: ledger.store, prefix: logPrefix(work), clock, signal, ...limit });
  const { manifest, files } = await keepLog(deps, { writer, job }, signal);
  const { lines, bytes, sha256, complete } = manifest;
  const artifacts = [];
  const warnings: string[] = [];
  try {
    if (files.error !== undefined) throw files.error;
    for (const file of files.found) {
      artifacts.push(await keepArtifact(deps.ledger.store, { run, attempt, path: file.path }, file.read()));
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    deps.warn('artifacts could not be kept', { run, attempt, error: message, at: instant(deps.clock()) });
    warnings.push(`artifacts could not be kept: ${message}`);
  }
  return { log: { lines, bytes, sha256, complete }, artifacts, warnings };
}

async function keepLog(
  deps: WorkDeps,
  { writer, job: { name, onOutputEnd } }: { writer: LogWriter; job: Followed },
  signal: AbortSignal,
): Promise<{ manifest: LogManifest; files: Files }> {
  try {
    const { isSealed = false, ...place } = await writer.resume();
    if (!isSealed) await copyLog(deps, { writer, name, place }, signal);
    onOutputEnd?.();
    const [manifest, files] = await Promise.all([writer.seal(), filesOf(deps, name, signal)]);
    return { manifest, files };
  } finally {
    await writer.close(); // what is buffered must not be stored behind the back of the next writer
  }
}

async function copyLog(
  { jobs }: WorkDeps,
  { writer, name, place }: { writer: LogWriter; name: string; place: JobLogPlace },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const entry of jobs.log(name, place, signal)) {
      if ('gap' in entry) await writer.gap({ reason: entry.gap });
      else await writer.write(entry);
    }
  } catch (error) {
    const isThere = signal.aborted || (await jobs.list()).some((job) => job.name === name);
    if (isThere) throw error;
    await writer.gap({ reason: 'the job was removed while it ran: what else it printed is lost' });
  }
}

type Files = { found: readonly JobFile[]; error?: Error };

/** Whatever becomes of the files, the log is sealed. @throws the signal's reason: then nobody knows what becomes of them */
async function filesOf({ jobs }: WorkDeps, name: string, signal: AbortSignal): Promise<Files> {
  const endMs = performance.now() + filesWithinMs;
  for (;;) {
    try {
      return { found: await jobs.files(name) };
    } catch (error) {
      signal.throwIfAborted();
      const mayMend = error instanceof JobsError && error.transient && performance.now() < endMs;
      if (!mayMend) return { found: [], error: error instanceof Error ? error : new Error(String(error)) };
    }
    await sleep(filesAgainMs, undefined, { signal });
  }
}
