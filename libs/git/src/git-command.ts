import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { killGit, startGit } from './git-process';
import type { GitProcessOptions } from './git-process';
import { maskCredentials } from './mask';
import { onAbort } from './on-abort';

/** git was started and failed. The message names the command and what git said, credentials hidden. */
export class GitError extends Error {
  readonly code: string = 'git';
  override readonly name: string = 'GitError';
  /** Exit code; undefined when git was ended by a signal or could not be started. */
  readonly exitCode: number | undefined;
  /** What git wrote to standard error, credentials hidden, at most 64 KiB. */
  readonly stderr: string;

  constructor(message: string, details: { exitCode?: number | undefined; stderr?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.exitCode = details.exitCode;
    this.stderr = details.stderr ?? '';
  }
}

/** The repository that was there is there no longer. */
export class RepositoryGoneError extends GitError {
  override readonly code = 'repository-gone';
  override readonly name = 'RepositoryGoneError';
}

/** git is not installed, or not on PATH. */
export class GitMissingError extends GitError {
  override readonly code = 'git-missing';
  override readonly name = 'GitMissingError';

  constructor(cause: unknown) {
    super('git cannot be started: install git and see that it is on PATH', { cause });
  }
}

export type GitOptions = GitProcessOptions & {
  signal?: AbortSignal | undefined;
  /** Written to standard input, which is closed then. */
  input?: string | Uint8Array;
  /** More output than this ends git and fails the call; default 64 MiB. */
  maxBytes?: number;
  /** Exit codes that are answers, not failures; default only 0. */
  okExitCodes?: readonly number[];
};

export type GitResult = { exitCode: number; stdout: Buffer; stderr: string };

const stderrLimit = 65_536;
const killAfterMs = 2_000;

/**
 * Runs git to its end: no shell, no prompt, no hooks, only https, http, ssh and git as transports.
 * Values from outside must stand behind `--` or be refused before when they begin with `-`: this function cannot know which is which.
 * @throws GitError; RepositoryGoneError; GitMissingError; the signal's reason when it aborts
 */
export async function git(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
  options.signal?.throwIfAborted();
  const child = startGit(args, options);
  const output = new Output(child, options.maxBytes ?? 67_108_864);
  const stop = endOnAbort(child, options.signal);
  try {
    child.stdin.end(options.input ?? '');
    const exitCode = await ended(child);
    options.signal?.throwIfAborted();
    return output.result(args, { exitCode, ok: options.okExitCodes ?? [0] });
  } finally {
    stop();
  }
}

/** Standard output of a command as text, without the last line end. */
export async function gitText(args: readonly string[], options: GitOptions = {}): Promise<string> {
  return (await git(args, options)).stdout.toString('utf8').replace(/\n$/, '');
}

function ended(child: ChildProcessWithoutNullStreams): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'ENOENT' ? new GitMissingError(cause) : new GitError('git cannot be started', { cause }));
    });
    child.once('close', (code) => resolve(code ?? undefined));
  });
}

function endOnAbort(child: ChildProcessWithoutNullStreams, signal: AbortSignal | undefined): () => void {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGit(child, 'SIGTERM');
    timer = setTimeout(() => killGit(child, 'SIGKILL'), killAfterMs);
  };
  const off = onAbort(signal, end);
  return () => {
    off();
    clearTimeout(timer);
  };
}

/** Collects both outputs within their limits. */
class Output {
  readonly #stdout: Buffer[] = [];
  #stdoutBytes = 0;
  #stderr = '';
  #tooLarge = false;

  constructor(
    child: ChildProcessWithoutNullStreams,
    private readonly maxBytes: number,
  ) {
    child.stdout.on('data', (chunk: Buffer) => {
      this.#stdoutBytes += chunk.length;
      if (this.#stdoutBytes <= this.maxBytes) this.#stdout.push(chunk);
      else if (!this.#tooLarge) {
        this.#tooLarge = true;
        killGit(child, 'SIGKILL');
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString('utf8')).slice(-stderrLimit);
    });
  }

  result(args: readonly string[], end: { exitCode: number | undefined; ok: readonly number[] }): GitResult {
    // What stands before a carriage return was progress, and was overwritten; but ssh ends each of its lines with one and a line feed.
    const stderr = maskCredentials(this.#stderr.replace(/\r+\n/g, '\n').replace(/[^\n]*\r/g, '')).trim();
    const command = `git ${args.find((arg) => !arg.startsWith('-')) ?? ''}`;
    if (this.#tooLarge) throw new GitError(`${command} printed more than ${this.maxBytes} bytes`, { stderr });
    if (end.exitCode !== undefined && end.ok.includes(end.exitCode)) {
      return { exitCode: end.exitCode, stdout: Buffer.concat(this.#stdout), stderr };
    }
    throw failure(command, end.exitCode, stderr);
  }
}

function failure(command: string, exitCode: number | undefined, stderr: string): GitError {
  const said = stderr === '' ? `ended with ${exitCode ?? 'a signal'}` : stderr;
  if (/^fatal: not a git repository: /m.test(stderr)) {
    return new RepositoryGoneError(`${command}: the repository is no longer there (${said})`, { exitCode, stderr });
  }
  return new GitError(`${command}: ${said}`, { exitCode, stderr });
}
