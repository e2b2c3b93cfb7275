import { spawn } from 'node:child_process';
import { servers } from '@keelson/testbed';

export type Said = { status: number | null; stdout: string; stderr: string };

/** Runs kubectl as the testbed's administrator, to its end. */
export function kubectlRaw(args: readonly string[], input = ''): Promise<Said> {
  const child = spawn('kubectl', args, {
    env: { ...process.env, KUBECONFIG: servers.kubeconfig },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said: Said = { status: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  child.stdin.on('error', () => undefined); // it ended before it read everything, and says why
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ ...said, status }));
  });
}

/** As `kubectlRaw`; returns what was printed. @throws Error with kubectl's words when it failed */
export async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await kubectlRaw(args, input);
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${String(status)}: ${stderr}${stdout}`);
  return stdout;
}
