import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

export type ServerProgram = {
  /** What it is called in errors. */
  name: string;
  command: readonly [program: string, ...args: string[]];
  env?: Readonly<Record<string, string>>;
  /** A directory of its own, removed by `close`. Its output goes to `server.log` in it. */
  directory: string;
  /** Whether it answers; anything thrown means not yet. */
  answers: () => Promise<boolean>;
  startWithinMs: number;
};

/**
 * A server that belongs to one suite: it can be stopped, killed, held and started again on the same port with the same data.
 * It does not outlive the process that started it, however that ends.
 */
export class PrivateServer {
  private child: ChildProcess | undefined;
  private keeper: ChildProcess | undefined;

  constructor(private readonly program: ServerProgram) {}

  /** Starts it, and waits until it answers. @throws Error with the end of its log when it does not */
  async start(): Promise<void> {
    if (this.running()) throw new Error(`${this.program.name} is already running`);
    this.spawn();
    const giveUpAt = performance.now() + this.program.startWithinMs;
    while (this.running() && performance.now() < giveUpAt) {
      if (await this.answers()) return;
      await setTimeout(50);
    }
    const ending = this.running() ? `does not answer after ${this.program.startWithinMs} ms` : 'ended while starting';
    await this.kill();
    throw new Error(`${this.program.name} ${ending}:\n${(await this.log()).slice(-4_000)}`);
  }

  /** Asks it to end, and waits until it has. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  /** Ends it at once, as a crash does. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Stops and starts it. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Holds it: connections stay open, and nothing is answered until `resume`. */
  async pause(): Promise<void> {
    this.signal('SIGSTOP');
    // The signal takes effect a little later, and every thread by itself.
    for (let tries = 0; !(await this.stopped()) && tries < 200; tries += 1) await setTimeout(10);
  }

  resume(): void {
    this.signal('SIGCONT');
  }

  /** What it printed. */
  log(): Promise<string> {
    return readFile(this.logFile(), 'utf8');
  }

  /** Kills it and removes its data. What it printed last is kept for the end of `npm test`, which shows it where its suite has failed. */
  async close(): Promise<void> {
    await this.kill();
    const kept = process.env['KEELSON_SERVER_LOGS'];
    if (kept !== undefined) {
      const printed = await this.log().catch(() => '');
      if (printed !== '') await writeFile(keptLog(kept, this.program.name), printed.slice(-keptCharacters));
    }
    await rm(this.program.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  private running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  private async stopped(): Promise<boolean> {
    const threads = `/proc/${this.child?.pid}/task`;
    const states = (await readdir(threads)).map((thread) => readFile(`${threads}/${thread}/status`, 'utf8'));
    return (await Promise.all(states)).every((status) => /^State:\s+T/m.test(status));
  }

  private async answers(): Promise<boolean> {
    try {
      return await this.program.answers();
    } catch {
      // Not up yet.
      return false;
    }
  }

  private spawn(): void {
    const [file, ...args] = this.program.command;
    const output = openSync(this.logFile(), 'a');
    // A process group of its own: a server that starts others goes with them.
    this.child = spawn(file, args, {
      env: { ...process.env, ...this.program.env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    this.keeper = keeperOf(this.child);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    if (this.running()) {
      this.signal(signal);
      await ended;
    }
    this.signal('SIGKILL');
    this.keeper?.kill('SIGKILL');
    this.child = undefined;
  }

  private signal(signal: NodeJS.Signals): void {
    if (this.child?.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // The group is gone already.
    }
  }

  private logFile(): string {
    return path.join(this.program.directory, 'server.log');
  }
}

const keptCharacters = 8_000;

/** A new file, named after the suite that runs in this process: tools/summary-reporter.cjs looks for it by that. */
function keptLog(directory: string, server: string): string {
  const suite = typeof expect === 'undefined' ? '' : (expect.getState().testPath ?? '');
  return path.join(directory, `${createHash('sha256').update(suite).digest('hex')}.${server}.${randomUUID()}.log`);
}

/** Kills the server's group when our end of its pipe closes: that is when this process ends, even by SIGKILL. */
function keeperOf(child: ChildProcess): ChildProcess {
  const script = 'read -r _; kill -KILL "-$1" 2>/dev/null';
  const keeper = spawn('/bin/sh', ['-c', script, 'keeper', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  return keeper;
}
