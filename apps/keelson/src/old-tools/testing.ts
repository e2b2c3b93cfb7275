import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ToolIo } from './tool-io';

const git = ['-c', 'init.defaultBranch=main', '-c', 'user.name=A U Thor', '-c', 'user.email=author@example.org'];

/** Runs git in a directory as a test's user would. @returns standard output */
export function runGit(cwd: string, ...args: string[]): string {
  const done = spawnSync('git', [...git, ...args], { cwd, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr}`);
  return done.stdout.trim();
}

/** A temporary directory, real path. */
export const temporaryDirectory = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-old-tools-')));

export type ToolResult = { status: number; stdout: string; stderr: string };

/** Runs a tool in this process and keeps what it writes. */
export async function runTool(
  tool: (io: ToolIo) => Promise<number>,
  given: Partial<Omit<ToolIo, 'stdin'>> & { stdin?: string | Buffer },
): Promise<ToolResult> {
  const stdout: Buffer[] = [];
  let stderr = '';
  const status = await tool({
    args: [],
    env: {},
    cwd: '/',
    isTerminal: false,
    now: () => new Date(),
    ...given,
    stdin: () => Promise.resolve(Buffer.from(given.stdin ?? '')),
    stdout: (text) => stdout.push(Buffer.from(text)),
    stderr: (text) => (stderr += text),
  });
  return { status, stdout: Buffer.concat(stdout).toString(), stderr };
}
