import { logPrefix } from '@keelson/ledger';
import type { StageEnded } from '@keelson/ledger';
import { keepArtifact } from '@keelson/ledger';
import { LogWriter } from '@keelson/logs';
import type { LogManifest } from '@keelson/logs';
import type { Published, TestRunnerDeps } from './deps';
import { instant } from './deps';

/** What is left of a job's output and files once all is kept. */
export type Kept = Pick<StageEnded, 'log' | 'artifacts' | 'warnings'>;

/**
 * Copies one job's output into the log store while it runs, seals the log when it ends, and keeps its artifacts.
 * Resumes behind what is stored: nothing is lost or doubled when it is called again after a crash.
 */
export async function follow(
  deps: TestRunnerDeps,
  open: { event: Published; name: string },
  signal: AbortSignal,
): Promise<Kept> {
  const run = open.event.data.customData;
  const of = { run: run.run, attempt: run.attempt };
  const writer = new LogWriter({
    store: deps.ledger.store,
    prefix: logPrefix({ ...of, stage: 'test' }),
    clock: deps.clock,
    signal,
  });
  const { lines, bytes, sha256, complete } = await keepLog(deps, { writer, name: open.name }, signal);
  const artifacts = [];
  const warnings: string[] = [];
  try {
    for (const file of await deps.jobs.files(open.name)) {
      artifacts.push(await keepArtifact(deps.ledger.store, { ...of, path: file.path }, file.read()));
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    deps.warn('artifacts could not be kept', { ...of, error: message, at: instant(deps.clock()) });
    warnings.push(`artifacts could not be kept: ${message}`);
  }
  return { log: { lines, bytes, sha256, complete }, artifacts, warnings };
}

async function keepLog(
  deps: TestRunnerDeps,
  { writer, name }: { writer: LogWriter; name: string },
  signal: AbortSignal,
): Promise<LogManifest> {
  try {
    const { skipLines } = await writer.resume();
    for await (const line of deps.jobs.log(name, { skipLines }, signal)) await writer.write(line);
    return await writer.seal(await completeness(deps, name));
  } finally {
    await writer.close(); // what is buffered must not be stored behind the back of the next writer
  }
}

/** Nobody knows what a job that was lost would have printed: its log is sealed with a gap at the end. */
async function completeness({ jobs }: TestRunnerDeps, name: string): Promise<{ complete?: boolean; reason?: string }> {
  const job = (await jobs.list()).find((candidate) => candidate.name === name);
  return job?.end?.kind === 'lost' ? { complete: false, reason: job.end.message } : {};
}
