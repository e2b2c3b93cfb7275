import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { hasEnded, isAbsent } from './job-directory';
import type { Found } from './job-directory';
import { JobsError } from './jobs';
import type { JobLogLine } from './jobs';
import { OutputLines } from './output-lines';
import type { JobFiles } from './supervisor/job-files';
import { Wake } from './wake';
import { watchDirectory } from './watch-directory';

export type Followed = {
  name: string;
  files: JobFiles;
  /** The job's state; finds out, too, when its supervisor is gone. */
  look: () => Promise<Found>;
};

const readBytes = 256 * 1024;
/** Without any hint, new output is looked for this often ... */
const pollMs = 100;
/** ... and whether the supervisor is still there, this often. */
const lookMs = 1000;

/**
 * The lines of a job's output as they come, as many at a time as are there, until the job has ended and all is read.
 * @throws JobsError when there is no such job (any more) or its output is damaged; the signal's reason
 */
export async function* followOutput(
  { name, files, look }: Followed,
  signal: AbortSignal,
): AsyncGenerator<JobLogLine[]> {
  const wake = new Wake();
  const watch = watchDirectory(files.directory, wake.up);
  const lines = new OutputLines();
  let file: FileHandle | undefined;
  let lookedAtMs = -Infinity;
  try {
    for (;;) {
      // Asked before the rest is read: what came before the end is there then.
      let ended = await hasEnded(files);
      if (!ended && performance.now() - lookedAtMs >= lookMs) {
        ended = isOver(await look(), name);
        lookedAtMs = performance.now();
      }
      file ??= await openOutput(files);
      if (file !== undefined) yield* readOn(file, lines, signal);
      if (ended) return yield lines.end();
      await wake.wait(signal, pollMs);
      signal.throwIfAborted();
    }
  } finally {
    watch.close();
    await file?.close();
  }
}

function isOver(found: Found, name: string): boolean {
  if (found.kind === 'absent') throw new JobsError(`there is no job ${name}`, false);
  return found.kind === 'ended';
}

async function openOutput(files: JobFiles): Promise<FileHandle | undefined> {
  try {
    // The job could have put anything there: no link is followed, no pipe waited for.
    return await open(files.output, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw new JobsError(`the output ${files.output} cannot be read: ${(error as Error).message}`, true, {
      cause: error,
    });
  }
}

/** Reads to the present end of the file. */
async function* readOn(file: FileHandle, lines: OutputLines, signal: AbortSignal): AsyncGenerator<JobLogLine[]> {
  for (;;) {
    signal.throwIfAborted();
    // The lines are views of it: a new one each time.
    const bytes = Buffer.allocUnsafeSlow(readBytes);
    const { bytesRead } = await file.read(bytes, 0, readBytes, null);
    if (bytesRead === 0) return;
    const whole = bytesRead > readBytes / 4;
    yield lines.push(whole ? bytes.subarray(0, bytesRead) : Buffer.from(bytes.subarray(0, bytesRead)));
  }
}
