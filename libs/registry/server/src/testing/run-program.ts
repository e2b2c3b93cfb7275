import { spawn } from 'node:child_process';

export type Ran = { code: number | null; output: string };

/** Runs a program to its end, this process going on meanwhile. Its exit code and all it printed. */
export function runProgram(
  program: string,
  parameters: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd: string },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
