import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RunData } from '@keelson/events';
import { ProcessJobs } from '@keelson/jobs';
import type { ProcessJobsOptions } from '@keelson/jobs';
import { Ledger, logPrefix } from '@keelson/ledger';
import type { StageName } from '@keelson/events';
import { readLog } from '@keelson/logs';
import { DirObjectStore } from '@keelson/objects';
import type { WorkDeps, WorkEvent, WorkKind } from '../work-kind';
import { supervisorPath, temporary } from './compile-supervisor.contract';
import { WorkProcess } from './work-process.contract';

export type WorldDeps = WorkDeps & { retryDelaysMs: readonly number[] };
export const unaborted = new AbortController().signal;

/** A store, a ledger on it, and a place for jobs, in which the processes of one service come and die. */
export abstract class WorkWorld<E extends WorkEvent> {
  /** Added to the time. */
  laterMs = 0;
  readonly warnings: string[] = [];
  readonly #processes: WorkProcess<E>[] = [];
  #nowMs = Date.parse('2026-01-02T03:04:05Z');

  constructor(
    readonly root: string,
    readonly ledger: Ledger,
  ) {}

  static async place(): Promise<{ root: string; ledger: Ledger }> {
    const root = temporary();
    return { root, ledger: new Ledger(await DirObjectStore.open(path.join(root, 'store'))) };
  }

  /** What the service's jobs are. */
  abstract kind(deps: WorldDeps): WorkKind<E>;

  /** A new process. Its time moves at every look: one that is not read from a record is never told twice. */
  process(more: Partial<WorldDeps> = {}, options: Partial<ProcessJobsOptions> = {}): WorkProcess<E, WorldDeps> {
    const jobs = new ProcessJobs({
      ...{ directory: path.join(this.root, 'jobs'), supervisorPath: supervisorPath() },
      ...{ stopGraceMs: 60_000, drainMs: 300, materialise: () => Promise.resolve(), ...options },
    });
    const deps = this.deps({ jobs, ...more });
    const started = new WorkProcess<E, WorldDeps>(deps, jobs, this.kind(deps));
    this.#processes.push(started);
    return started;
  }

  deps(more: Pick<WorldDeps, 'jobs'> & Partial<WorldDeps>): WorldDeps {
    return {
      ...{ ledger: new Ledger(this.ledger.store), limit: 4, cancelRunning: false, retryDelaysMs: [60_000, 60_000] },
      clock: () => (this.#nowMs += 10) + this.laterMs,
      warn: (message) => void this.warnings.push(message),
      ...more,
    };
  }

  /** What a job printed, as it is kept. */
  async logOf({ run, attempt }: Pick<RunData, 'run' | 'attempt'>, stage: StageName): Promise<string> {
    const lines: string[] = [];
    const prefix = logPrefix({ run, attempt, stage });
    for await (const { bytes } of readLog({ store: this.ledger.store, prefix, follow: false }, unaborted))
      lines.push(Buffer.from(bytes).toString());
    return lines.join('\n');
  }

  file = (name: string): string => path.join(this.root, name);
  read = (name: string): string => readFileSync(this.file(name), { encoding: 'utf8', flag: 'a+' });

  async end(): Promise<void> {
    for (const started of this.#processes) await started.die();
    await this.process().jobs.close(); // what was left to its supervisor
    rmSync(this.root, { recursive: true });
  }
}
