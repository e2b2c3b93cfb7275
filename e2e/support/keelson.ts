import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { killLeft, mark } from './processes';

const root = path.join(__dirname, '../..');
const main = path.join(root, 'apps/keelson/dist/main.js');

const directories: string[] = [];
const closers: (() => unknown)[] = [];

/** A directory of this test's own, removed when it ends. */
export function newDirectory(what: string): string {
  const directory = mkdtempSync(path.join(tmpdir(), `keelson-e2e-${what}-`));
  directories.push(directory);
  return directory;
}

/** A fresh data directory. */
export const newData = (): string => newDirectory('data');

/** Is called when the test ends, passed or failed. */
export function whenOver(close: () => unknown): void {
  closers.push(close);
}

/** Ends whatever was started, and removes what was made. */
export async function leaveNothing(): Promise<void> {
  killLeft();
  for (const close of closers.splice(0).reverse()) await close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 20 });
}

// In tests, importing this file is enough, also when they fail. A figure of bench/ has no tests, and calls it itself.
if (typeof afterEach === 'function') afterEach(leaveNothing);

export type Ended = { status: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };
export type Options = { cwd?: string; env?: Record<string, string>; nodeArgs?: readonly string[] };

/** A `keelson` process, as a person would start it. */
export class Keelson {
  stdout = '';
  stderr = '';
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly ended: Promise<Ended>;

  constructor(args: readonly string[], options: Options = {}) {
    this.child = spawn(process.execPath, [...(options.nodeArgs ?? []), main, ...args], {
      cwd: options.cwd ?? tmpdir(),
      env: { ...process.env, NO_COLOR: '1', KEELSON_JOB: mark, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) =>
      this.child.on('close', (status, signal) => resolve({ status, signal, stdout: this.stdout, stderr: this.stderr })),
    );
  }

  /** `keelson up` on any free port. */
  static up(data: string, sources: readonly string[], ...more: readonly string[]): Keelson {
    return new Keelson(upArgs(data, sources, more));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Resolves when the output has this text. @throws Error with everything printed when the process ends or the time is over */
  async prints(text: string | RegExp, timeoutMs = 120_000): Promise<void> {
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

const upArgs = (data: string, sources: readonly string[], more: readonly string[]): string[] => [
  ...['up', ...sources, '--data', data, '--port', '0'],
  ...more,
];

/** Runs a command to its end. */
export const keelson = (args: readonly string[], options: Options = {}): Promise<Ended> =>
  new Keelson(args, options).ended;

/** `keelson up --once`, to its end. */
export const upOnce = (data: string, sources: readonly string[], ...more: readonly string[]): Promise<Ended> =>
  keelson(upArgs(data, sources, ['--once', ...more]));

/** Expects a command to have ended so; where it has not, the end of what it printed is shown. */
export function expectEnd(
  ended: Ended,
  expected: { status: Ended['status']; stdout?: unknown; stderr?: unknown },
): void {
  try {
    expect(ended).toMatchObject(expected);
  } catch (error) {
    const printed = `${ended.stderr.slice(-500)}\n${ended.stdout.slice(-1_000)}`;
    const failure = new Error(`${(error as Error).message}\n\nIt printed:\n${printed}`);
    Error.captureStackTrace(failure, expectEnd);
    throw failure;
  }
}

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
    timeoutMs = 120_000,
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
