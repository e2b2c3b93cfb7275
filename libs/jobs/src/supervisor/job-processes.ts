import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processIdentity, processStat, startTicksOf } from '@keelson/process';
import type { ProcessRecord } from '@keelson/process';

export type JobProcessesOptions = {
  /** A text nobody else has, in the environment of everything the job starts. */
  mark: string;
  /** The job's first process, leader of its session and group. */
  leader?: ProcessRecord | undefined;
  /** Nothing older than this process belongs to the job. */
  notBefore: ProcessRecord;
};

/** How often the end of signalled processes is looked for. */
const lookMs = 20;
/** Looks after SIGKILL: what is still there then hangs in the kernel, and nobody can end it. */
const maxLooks = 250;

/**
 * Everything a job has started: its session, and on Linux also what left it (daemons, `setsid`), known by the mark in its environment.
 * What leaves the session, its parent and its environment behind is not found.
 */
export class JobProcesses {
  constructor(private readonly job: JobProcessesOptions) {}

  /** Ends all: SIGTERM, then SIGKILL to what is left after the grace (at once without one). Resolves when none is left. */
  async end(graceMs: number): Promise<void> {
    if (graceMs > 0 && (await this.#endKindly(graceMs))) return;
    for (let looks = 0; this.#signal('SIGKILL') > 0 && looks < maxLooks; looks += 1) await sleep(lookMs);
  }

  async #endKindly(graceMs: number): Promise<boolean> {
    let left = this.#signal('SIGTERM');
    const endMs = performance.now() + graceMs; // from when they were told
    while (left > 0 && performance.now() < endMs) {
      await sleep(lookMs);
      left = this.#signal(0);
    }
    return left === 0;
  }

  /** Sends the signal to all; 0 sends none. Returns how many there were. */
  #signal(signal: NodeJS.Signals | 0): number {
    if (process.platform !== 'linux') return this.#signalGroup(signal);
    const pids = this.#find();
    if (signal === 0 || pids.length === 0) return pids.length;
    // The group first and in one call: a process that forks all the time does not slip through between two.
    this.#signalGroup(signal);
    for (const pid of pids) send(pid, signal);
    return pids.length;
  }

  #signalGroup(signal: NodeJS.Signals | 0): number {
    const { leader } = this.job;
    return leader !== undefined && this.#hasSession(leader) && send(-leader.pid, signal) ? 1 : 0;
  }

  #find(): number[] {
    const { leader, notBefore } = this.job;
    const session = leader !== undefined && this.#hasSession(leader) ? leader.pid : undefined;
    const sinceTicks = startTicksOf(notBefore);
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && pid !== process.pid)
      .filter((pid) => {
        const stat = processStat(pid);
        if (stat === undefined || stat.startTicks < sinceTicks) return false;
        return stat.session === session || this.#isMarked(pid);
      });
  }

  /** The leader's id stays the session's while anything lives in it; once nothing does, another process may get the id. */
  #hasSession(leader: ProcessRecord): boolean {
    const now = processIdentity(leader.pid);
    return now === undefined || now === leader.identity;
  }

  #isMarked(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`).includes(this.job.mark);
    } catch {
      return false; // gone, or another user's: then not ours
    }
  }
}

/** False when there is nothing to send to. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // ESRCH: ended by itself in the meantime. EPERM: a process of another user, which the job may start but we may not end
  }
}
