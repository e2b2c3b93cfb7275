import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import { gitEnvironment } from './config';
import type { Repository } from './repository';

/**
 * Given on every command line, so that they win over the repository's own configuration: nothing in a repository may
 * start a program of its choice while we read it.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=',
  'core.quotePath=false',
  'log.showSignature=false',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
  'maintenance.auto=false',
].flatMap((setting) => ['-c', setting]);

export type GitProcessOptions = {
  /** The repository to work on; without one git must not find any. */
  repository?: Repository;
  /** Working directory, absolute; the root directory when absent. */
  cwd?: string;
  /** Set besides the inherited environment (config.ts). Secrets go here, never into the arguments. */
  env?: Readonly<Record<string, string>>;
};

/**
 * Starts git without a shell, in a session of its own: it has no terminal to ask on, and a kill of its group takes its
 * transport helpers with it. The caller must handle `error` and `close`.
 */
export function startGit(args: readonly string[], options: GitProcessOptions): ChildProcessWithoutNullStreams {
  const child = spawn('git', [...settings, ...args], {
    cwd: options.cwd ?? '/',
    env: gitEnvironment({ ...repositoryEnvironment(options.repository), ...options.env }),
    stdio: 'pipe',
    detached: true,
    windowsHide: true,
  });
  child.stdin.on('error', () => undefined); // git ended before it read everything: its exit code says why
  return child;
}

/** Ends a git process with everything it started. No error when it has ended. */
export function killGit(child: { pid?: number | undefined }, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ended in the meantime
  }
}

function repositoryEnvironment(repository: Repository | undefined): Record<string, string> {
  if (repository === undefined) return {};
  const environment: Record<string, string> = { GIT_DIR: repository.gitDir };
  if (repository.objectDirectories !== undefined && repository.objectDirectories.length > 0) {
    environment['GIT_ALTERNATE_OBJECT_DIRECTORIES'] = pathList(repository.objectDirectories);
  }
  return environment;
}

/** A path list as git reads it: entries that hold the separator are quoted as C strings. */
export function pathList(paths: readonly string[]): string {
  const quote = (entry: string): string =>
    entry.includes(path.delimiter) || entry.startsWith('"') ? `"${entry.replace(/["\\]/g, '\\$&')}"` : entry;
  return paths.map(quote).join(path.delimiter);
}
