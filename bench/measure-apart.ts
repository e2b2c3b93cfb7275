import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Figure } from './figure';
import type { FigureResult, Outcome } from './result';

/**
 * Measures one figure in a process of its own, which owes nothing to the memory, the warm code and the open connections of
 * others. Ends it and all that it started when it takes too long, and removes its directory.
 */
export async function measureApart({ name, title, limitSeconds }: Figure): Promise<FigureResult> {
  const directory = mkdtempSync(path.join(tmpdir(), `keelson-bench-${name}-`));
  const child = spawn(
    process.execPath,
    ['-r', path.join(__dirname, 'register.cjs'), path.join(__dirname, 'apart.ts'), name, directory],
    // A group of its own, so that all of it can be ended.
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true },
  );
  const interrupt = () => {
    end(child, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    return { name, title, outcome: await outcomeOf(child, limitSeconds) };
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    end(child, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

function outcomeOf(child: ChildProcess, limitSeconds: number): Promise<Outcome> {
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve({ failed: `it took longer than ${limitSeconds} s` }), limitSeconds * 1_000);
    const settle = (outcome: Outcome) => {
      clearTimeout(late);
      resolve(outcome);
    };
    let told: Outcome | undefined;
    child.once('message', (message) => {
      told = message as Outcome;
    });
    child.once('error', (error) => settle({ failed: error.message }));
    child.once('close', (code, signal) => settle(told ?? { failed: `its process ended with ${code ?? signal}` }));
  });
}

function end({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // nothing of it is left
  }
}
