import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { recordOf } from '@keelson/process';
import type { ProcessRecord } from '@keelson/process';
import { JobsError } from './jobs';
import { takenLine } from './supervisor/records';
import type { Assignment } from './supervisor/records';

export type SupervisorsOptions = {
  /** The compiled supervisor. */
  supervisorPath: string;
  /** Of the supervisors themselves. */
  env: Readonly<Record<string, string>>;
  /** Called when a supervisor has ended. */
  onEnd: () => void;
};

/** The next one is started this long after one was taken: a job's first moments are no time to compete for the processor. */
const refillMs = 250;
const takeWithinMs = 30_000;

/** A supervisor that waits for its job. */
export class Supervisor {
  readonly record: ProcessRecord;
  readonly #spoke: Promise<void>;
  readonly #ended: Promise<void>;
  #said = '';

  constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.record = recordOf(child.pid ?? 0);
    // Its output is its own: the job does not inherit it, so `close` comes with its end and after its last word.
    this.#ended = new Promise((resolve) => child.once('close', () => resolve()));
    this.#spoke = new Promise((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        this.#said += text;
        resolve();
      });
    });
    child.stdin.on('error', () => undefined); // EPIPE: it is gone, which its end tells
    this.#hold(false);
  }

  /** Hands the job over. @throws JobsError when it ended, or was killed for its silence, before it had taken it */
  async assign(assignment: Assignment): Promise<void> {
    this.#hold(true);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), takeWithinMs);
    try {
      this.child.stdin.end(`${JSON.stringify(assignment)}\n`);
      await Promise.race([this.#spoke, this.#ended]);
      if (this.#said === takenLine) return;
      throw new JobsError(`the supervisor ended before it had taken the job${this.#said && `: ${this.#said}`}`, true);
    } finally {
      clearTimeout(timer);
      this.#hold(false);
    }
  }

  /** Ends it; it has no job. */
  async dismiss(): Promise<void> {
    this.#hold(true);
    this.child.stdin.end();
    await this.#ended;
  }

  /** Whether it keeps this process from ending. */
  #hold(held: boolean): void {
    for (const part of [this.child, this.child.stdin, this.child.stdout]) {
      const { ref, unref } = part as unknown as { ref: () => void; unref: () => void };
      (held ? ref : unref).call(part);
    }
  }
}

/** Starts supervisors, and keeps one ready: Node takes longer to start than everything else here. */
export class Supervisors {
  #ready: Supervisor | undefined;
  #refill: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(private readonly options: SupervisorsOptions) {}

  /** Has one ready for the next job. */
  warm(): void {
    if (this.#closed || this.#ready !== undefined) return;
    this.#ready = this.#start();
  }

  /** The one that is ready, or a new one. @throws JobsError */
  take(): Supervisor {
    const ready = this.#ready;
    this.#ready = undefined;
    clearTimeout(this.#refill);
    this.#refill = setTimeout(() => this.#tryWarm(), refillMs).unref();
    return ready ?? this.#start();
  }

  /** Takes back one that got no job. */
  giveBack(supervisor: Supervisor): void {
    if (this.#ready === undefined && !this.#closed) this.#ready = supervisor;
    else void supervisor.dismiss();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#refill);
    const ready = this.#ready;
    this.#ready = undefined;
    await ready?.dismiss();
  }

  /** Nobody waits for this one: when it cannot be started now, the next job's own try will tell. */
  #tryWarm(): void {
    try {
      this.warm();
    } catch {
      this.#ready = undefined;
    }
  }

  #start(): Supervisor {
    const { supervisorPath, env, onEnd } = this.options;
    const child = spawn(process.execPath, [supervisorPath], {
      cwd: path.parse(supervisorPath).root,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.on('error', () => undefined); // without a pid there is no supervisor: told below
    if (child.pid === undefined)
      throw new JobsError('no supervisor process could be started: too many processes?', true);
    const supervisor = new Supervisor(child);
    child.once('exit', () => {
      if (this.#ready === supervisor) this.#ready = undefined;
      onEnd();
    });
    return supervisor;
  }
}

/** The compiled supervisor beside this file, or, when this runs from source, in the project's dist. */
export function builtSupervisor(): string {
  const places = [path.join(__dirname, 'supervisor', 'main.js'), path.join(__dirname, '../dist/supervisor/main.js')];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new JobsError(`there is no ${places[0]}: build libs/jobs first`, false);
  return found;
}
