import { keepArtifact, logPrefix } from '@keelson/ledger';
import { LogWriter } from '@keelson/logs';
import type { LogManifest } from '@keelson/logs';
import type { WorkKey } from '@keelson/events';
import { instant } from './work-kind';
import type { Kept, WorkDeps } from './work-kind';

/** A job, and whose work it is. */
export type Followed = { name: string; work: WorkKey };

/**
 * Copies one job's output into the log store while it runs, seals the log when it ends, and keeps its artifacts.
 * Resumes behind what is stored: nothing is lost or doubled when it is called again after a crash.
 */
export async function follow(deps: WorkDeps, { name, work }: Followed, signal: AbortSignal): Promise<Kept> {
  const { run, attempt } = work;
  const writer = new LogWriter({ store: deps.ledger.store, prefix: logPrefix(work), clock: deps.clock, signal });
  const { lines, bytes, sha256, complete } = await keepLog(deps, { writer, name }, signal);
  const artifacts = [];
  const warnings: string[] = [];
  try {
    for (const file of await deps.jobs.files(name)) {
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
  { writer, name }: { writer: LogWriter; name: string },
  signal: AbortSignal,
): Promise<LogManifest> {
  try {
    const place = await writer.resume();
    for await (const entry of deps.jobs.log(name, place, signal)) {
      if ('gap' in entry) await writer.gap({ reason: entry.gap });
      else await writer.write(entry);
    }
    return await writer.seal(await completeness(deps, name));
  } finally {
    await writer.close(); // what is buffered must not be stored behind the back of the next writer
  }
}

/** Nobody knows what a job that was lost would have printed: its log is sealed with a gap at the end. */
async function completeness({ jobs }: WorkDeps, name: string): Promise<{ complete?: boolean; reason?: string }> {
  const job = (await jobs.list()).find((candidate) => candidate.name === name);
  return job?.end?.kind === 'lost' ? { complete: false, reason: job.end.message } : {};
}
