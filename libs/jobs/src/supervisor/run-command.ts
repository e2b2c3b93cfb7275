import type { FileHandle } from 'node:fs/promises';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessRecord } from '@keelson/process';
import type { JobEnd } from '../jobs';
import { commandFault, startFault } from './command-fault';
import { JobProcesses } from './job-processes';
import type { OutputPipe } from './output-pipe';
import { OutputPump } from './output-pump';
import type { Assignment, StatusRecord } from './records';
import type { StampClock } from './stamp-clock';
import { startCommand } from './start-command';
import type { CommandExit, StartedCommand } from './start-command';

export type Run = {
  assignment: Assignment;
  status: StatusRecord;
  pipe: OutputPipe;
  output: FileHandle;
  clock: StampClock;
  /** Called when the command's process is known. */
  started: (child: ProcessRecord) => void;
  stopping: AbortSignal;
};

/** setTimeout holds no more: 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/** Runs the command until it and all it has started are gone, and its output is on disk. @throws when our side fails */
export async function runCommand(run: Run): Promise<JobEnd> {
  const { assignment, pipe, stopping } = run;
  if (stopping.aborted) return { kind: 'signalled', signal: 'SIGTERM', stopped: true };
  const started = await start(run);
  await pipe.writing.close();
  if ('kind' in started) return started;
  const { mark, stopGraceMs, drainMs } = assignment;
  const processes = new JobProcesses({ mark, leader: started.record, notBefore: run.status.supervisor });
  const pump = new OutputPump(pipe.source, run.output, run.clock);
  try {
    run.started(started.record);
    const why = await endOrReason(started, run, pump);
    if (why === 'exited') await Promise.race([pump.ended, sleep(drainMs)]);
    else await processes.end(stopGraceMs);
    const exit = await started.exited;
    await processes.end(drainMs);
    await pump.finish(drainMs);
    await run.output.datasync();
    return endOf(why, exit);
  } catch (error) {
    await processes.end(0);
    throw error;
  }
}

async function start({ assignment, status, pipe }: Run): Promise<StartedCommand | JobEnd> {
  const { command, cwd, env } = assignment;
  const name = command[0] ?? '';
  const fault = commandFault(name, { cwd, searchPath: env.PATH ?? '' });
  if (fault !== undefined) return { kind: 'unstartable', message: fault };
  try {
    const whole = { TMPDIR: status.temp, ...env };
    return await startCommand({ command, cwd, env: whole, outputFd: pipe.writing.fd });
  } catch (error) {
    const message = startFault(name, error as NodeJS.ErrnoException);
    if (message === undefined) throw error;
    return { kind: 'unstartable', message };
  }
}

type Why = 'exited' | 'timeout' | 'stopped';

/** What comes first; rejects when the output cannot be written. */
async function endOrReason(started: StartedCommand, { assignment, stopping }: Run, pump: OutputPump): Promise<Why> {
  const done = new AbortController();
  const { signal } = done;
  const waits: Promise<Why>[] = [
    started.exited.then(() => 'exited'),
    sleep(Math.min(assignment.timeoutMs, maxTimerMs), 'timeout' as const, { signal }),
    stopping.aborted ? Promise.resolve('stopped' as const) : once(stopping, 'abort', { signal }).then(() => 'stopped'),
    // The output may end long before the command, which can close it; only its failure counts.
    pump.ended.then(() => new Promise<never>(() => undefined)),
  ];
  try {
    return await Promise.race(waits);
  } finally {
    done.abort();
  }
}

function endOf(why: Why, { code, signal }: CommandExit): JobEnd {
  if (why === 'timeout') return { kind: 'timeout' };
  // A command may answer SIGTERM with an orderly exit; what counts is that it did not end of its own accord.
  if (why === 'stopped') return { kind: 'signalled', signal: signal ?? 'SIGTERM', stopped: true };
  return signal === null ? { kind: 'exited', code: code ?? -1 } : { kind: 'signalled', signal };
}
