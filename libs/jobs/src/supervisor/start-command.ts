import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordOf } from '@keelson/process';
import type { ProcessRecord } from '@keelson/process';

export type CommandExit = { code: number | null; signal: string | null };
export type StartedCommand = { record: ProcessRecord; exited: Promise<CommandExit> };

export type CommandStart = {
  command: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Becomes standard output and standard error. */
  outputFd: number;
};

const busyTries = 100;
const busyPauseMs = 10;

/**
 * Starts the command in a session of its own, with nothing on its standard input.
 * ETXTBSY is waited out: the file was just written, and another process being born holds it open for a moment.
 * @throws the error of the system
 */
export async function startCommand(start: CommandStart): Promise<StartedCommand> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await tryStart(start);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ETXTBSY' || tries === busyTries) throw error;
      await sleep(busyPauseMs);
    }
  }
}

async function tryStart({ command, cwd, env, outputFd }: CommandStart): Promise<StartedCommand> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', outputFd, outputFd] });
  // An error comes later as an event when the system refused, and is thrown above when Node did.
  if (child.pid === undefined) throw await failure(child);
  const exited = new Promise<CommandExit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  return { record: recordOf(child.pid), exited };
}

function failure(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve));
}
