import { writeSync } from 'node:fs';
import { openOutputPipe } from './output-pipe';
import { takenLine } from './records';
import type { Assignment } from './records';
import { supervise } from './supervise';

/**
 * The supervisor: a process of its own that outlives the one which started it. Waits, ready, for one job on its standard input, and ends
 * when that closes before a job has come. From then on nothing but SIGTERM, which stops the job, and the job's own end concern it.
 * Only node's own modules are imported here and below: every millisecond of its start is somebody's wait.
 */
async function main(): Promise<void> {
  const pipe = await openOutputPipe();
  const assignment = await readAssignment();
  if (assignment === undefined) return;
  const stop = new AbortController();
  process.on('SIGTERM', () => stop.abort());
  for (const signal of ['SIGHUP', 'SIGINT'] as const) process.on(signal, () => undefined);
  await supervise({ assignment, pipe, taken: () => say(takenLine), stopping: stop.signal });
}

/** Undefined when the line did not come, or not whole: who would have sent it is gone. */
async function readAssignment(): Promise<Assignment | undefined> {
  let text = '';
  for await (const piece of process.stdin.setEncoding('utf8')) {
    text += String(piece);
    // Our own parent writes it, from a value of this very type.
    if (text.endsWith('\n')) return JSON.parse(text) as Assignment;
  }
  return undefined;
}

/** To the parent. When that is gone, nobody needs to know: what it was to be told is in the job's files. */
function say(line: string): void {
  try {
    writeSync(1, line);
  } catch {
    return; // EPIPE
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    // Whoever looks next finds the supervisor gone, and ends what is left of the job.
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
