import { keepArtifact, logPrefix } from '@keelson/ledger';
import { LogWriter } from '@keelson/logs';
import type { LogManifest } from '@keelson/logs';
import type { WorkKey } from '@keelson/events';
import type { JobFile } from '@keelson/jobs';
import { instant } from './work-kind';
import type { Kept, WorkDeps } from './work-kind';

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
    const place = await writer.resume();
    for await (const entry of deps.jobs.log(name, place, signal)) {
      if ('gap' in entry) await writer.gap({ reason: entry.gap });
      else await writer.write(entry);
    }
    onOutputEnd?.();
    const [manifest, files] = await Promise.all([writer.seal(), filesOf(deps, name)]);
    return { manifest, files };
  } finally {
    await writer.close(); // what is buffered must not be stored behind the back of the next writer
  }
}

type Files = { found: readonly JobFile[]; error?: Error };

/** Whatever becomes of the files, the log is sealed. */
async function filesOf({ jobs }: WorkDeps, name: string): Promise<Files> {
  try {
    return { found: await jobs.files(name) };
  } catch (error) {
    return { found: [], error: error instanceof Error ? error : new Error(String(error)) };
  }
}
