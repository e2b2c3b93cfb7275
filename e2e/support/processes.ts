import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { processIdentity } from '@keelson/process';

/**
 * In the environment of every `keelson` this test file starts. What runs inside a job carries `KEELSON_JOB`, and a Keelson that
 * finds it set hands it on to its supervisors and jobs: so this one text names all that a test has started, however it left us.
 */
export const mark = `e2e-${randomUUID()}`;

export type Process = { pid: number; command: string };

/** Everything that still runs of what this test file started. Linux only: elsewhere nothing is found. */
export function processesLeft(): Process[] {
  if (process.platform !== 'linux') return [];
  const found: Process[] = [];
  for (const pid of readdirSync('/proc').map(Number)) {
    if (!(pid > 0) || pid === process.pid) continue;
    try {
      if (!readFileSync(`/proc/${pid}/environ`).includes(mark)) continue;
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (command !== '') found.push({ pid, command }); // a zombie has none
    } catch {
      continue; // ended between two looks
    }
  }
  return found;
}

/** Ends all of it at once: what a failed test leaves must not disturb the next one. */
export function killLeft(): void {
  for (const { pid } of processesLeft()) kill(pid);
}

/** Processes whose command line has this text. */
export const processesOf = (text: string): Process[] => processesLeft().filter(({ command }) => command.includes(text));

export const isAlive = (pid: number): boolean => processIdentity(pid) !== undefined;

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    return; // ESRCH: it ended by itself
  }
}
