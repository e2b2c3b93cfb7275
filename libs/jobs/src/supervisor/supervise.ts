import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { recordOf } from '@keelson/process';
import type { JobEnd } from '../jobs';
import { jobFiles } from './job-files';
import type { OutputPipe } from './output-pipe';
import type { Assignment, EndRecord, StatusRecord } from './records';
import { removeTree } from './remove-tree';
import { runCommand } from './run-command';
import { StampClock } from './stamp-clock';
import { createStateFile, replaceStateFile, ReservedFile, syncStateFile } from './state-file';

export type Supervised = {
  assignment: Assignment;
  pipe: OutputPipe;
  /** Called once the job is ours: it will not be started by anybody else. */
  taken: () => void;
  /** Aborted when the job is to be stopped. */
  stopping: AbortSignal;
};

/** Runs one job from its start to its end, and writes down how it ended. Does nothing when another supervisor has the job. */
export async function supervise({ assignment, pipe, taken, stopping }: Supervised): Promise<void> {
  const clock = new StampClock();
  const files = jobFiles(assignment.directory);
  const temp = mkdtempSync(path.join(tmpdir(), 'keelson-job-'));
  const { mark } = assignment;
  const status: StatusRecord = { supervisor: recordOf(process.pid), mark, temp, startedAtMs: clock.nowMs() };
  if (!createStateFile(files.status, status)) {
    rmSync(temp, { recursive: true });
    return;
  }
  taken();
  const endFile = new ReservedFile(files.end);
  const end = await tell(async () => {
    const output = await open(files.output, 'a', 0o600);
    let synced = Promise.resolve();
    const started = (child: StatusRecord['child']) => {
      replaceStateFile(files.status, { ...status, child });
      synced = syncStateFile(files.status);
      synced.catch(() => undefined); // thrown below
    };
    try {
      return await runCommand({ assignment, status, pipe, output, clock, started, stopping });
    } finally {
      await Promise.all([synced, output.close()]);
    }
  });
  try {
    endFile.write({ end, endedAtMs: clock.nowMs() } satisfies EndRecord);
  } finally {
    await removeTree(temp);
  }
}

/** What goes wrong here is not the command's fault. */
async function tell(run: () => Promise<JobEnd>): Promise<JobEnd> {
  try {
    return await run();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    return { kind: 'lost', message: full ? `the disk is full: the output could not be kept (${code})` : message };
  }
}
