import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One life of a process id: the id alone may by now belong to another process. */
export type ProcessRecord = { pid: number; identity: string };

/** What proc(5) tells about a process in `/proc/<pid>/stat`. */
export type ProcessStat = { state: string; group: number; session: number; startTicks: number };

/**
 * Tells one life of a process id from the next: two calls return the same text only for the same running process.
 * Undefined when no such process is alive; a zombie is not.
 */
export function processIdentity(pid: number): string | undefined {
  return process.platform === 'linux' ? linuxIdentity(pid) : portableIdentity(pid);
}

export const isAlive = ({ pid, identity }: ProcessRecord): boolean => processIdentity(pid) === identity;

/** The process with this id as it is now; one that has just ended gets an identity that no process has. */
export const recordOf = (pid: number): ProcessRecord => ({ pid, identity: processIdentity(pid) ?? 'ended' });

/** Undefined when there is no such process, or only its zombie. */
export function processStat(pid: number): ProcessStat | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // Field 2 is the command in parentheses and may hold spaces and parentheses itself: count from behind the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0] ?? 'X';
  if (state === 'Z' || state === 'X') return undefined;
  return { state, group: Number(fields[2]), session: Number(fields[3]), startTicks: Number(fields[19]) };
}

/** The start in clock ticks since boot, within an identity of this boot; 0 when it says nothing. */
export function startTicksOf({ identity }: ProcessRecord): number {
  const [boot, ticks] = identity.split(':');
  return boot === bootId() ? Number(ticks) || 0 : 0;
}

function linuxIdentity(pid: number): string | undefined {
  const stat = processStat(pid);
  return stat === undefined ? undefined : `${bootId()}:${stat.startTicks}`;
}

let boot: string | undefined;
/** Ids and ticks begin anew with every boot. */
function bootId(): string {
  return (boot ??= readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? '');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // the process is gone: between two reads, or long ago
  }
}

function portableIdentity(pid: number): string | undefined {
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    return started.trim() || undefined;
  } catch {
    return undefined; // ps ends with 1 when there is no such process
  }
}
