import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';

const main = path.join(__dirname, '../../apps/keelson/dist/main.js');

/** A fresh data directory. */
export const newData = (): string => mkdtempSync(path.join(tmpdir(), 'keelson-e2e-data-'));

export type Ended = { status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

/** A `keelson` process, as a person would start it. */
export class Keelson {
  stdout = '';
  stderr = '';
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    this.child = spawn(process.execPath, [main, ...args], {
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) =>
      this.child.on('close', (status, signal) => resolve({ status, signal, stdout: this.stdout, stderr: this.stderr })),
    );
  }

  /** Resolves when the output has this text. @throws Error with everything printed when the process ends or the time is over */
  async prints(text: string | RegExp, timeoutMs = 30_000): Promise<void> {
    await until(() => (typeof text === 'string' ? this.stdout.includes(text) : text.test(this.stdout)), {
      timeoutMs,
      what: () => `${String(text)} in the output:\n${this.stdout}\n${this.stderr}`,
      isOver: () => this.child.exitCode !== null || this.child.signalCode !== null,
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Runs a command to its end. */
export const keelson = (
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> => new Keelson(args, options).ended;

/** What a command prints with --json, parsed line by line. */
export async function keelsonJson<T>(args: readonly string[]): Promise<T[]> {
  const { stdout, stderr, status } = await keelson([...args, '--json']);
  if (status === 2) throw new Error(`keelson ${args.join(' ')} failed: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

/** Waits for a condition, looking every 20 ms. @throws Error saying what was waited for */
export async function until(
  condition: () => boolean | Promise<boolean>,
  {
    timeoutMs = 30_000,
    what,
    isOver = () => false,
  }: { timeoutMs?: number; what: () => string; isOver?: () => boolean },
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    const over = isOver();
    if (over && (await condition())) return;
    if (over || Date.now() > deadline)
      throw new Error(`waited ${over ? 'until its end' : `${timeoutMs} ms`} for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
