import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { newDirectory, until } from '../../support/keelson';
import { mark } from '../../support/processes';

const root = path.join(__dirname, '../../..');

export const services = ['watcher', 'bootstrapper', 'image-builder', 'registry-poller', 'test-runner'] as const;
export type ServiceName = (typeof services)[number];

/** One service as it runs in a pod, but on this machine: where it can be killed at a moment of our choice. */
export class ServiceProcess {
  stderr = '';
  readonly #child: ChildProcessByStdio<null, null, Readable>;
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;

  /** @param dieWhen see die-when.cjs */
  constructor(
    readonly name: ServiceName,
    env: Record<string, string>,
    dieWhen?: string,
  ) {
    const hooks = ['held-memory.cjs', ...(dieWhen === undefined ? [] : ['die-when.cjs'])];
    const required = hooks.flatMap((hook) => ['--require', path.join(__dirname, hook)]);
    // The first, and MALLOC_ARENA_MAX, as the manifests have them.
    const flags = ['--max-semi-space-size=2', ...required];
    this.#child = spawn(process.execPath, [...flags, path.join(root, 'apps', name, 'dist/main.js')], {
      env: {
        ...{ PATH: process.env.PATH, HOME: newDirectory('home'), KEELSON_WORK_DIR: newDirectory('work') },
        ...{ KEELSON_HEALTH_HOST: '127.0.0.1', KEELSON_HEALTH_PORT: '0' },
        ...{ MALLOC_ARENA_MAX: '2', ...env },
        ...(dieWhen === undefined ? {} : { E2E_DIE_WHEN: dieWhen }),
        [markVariable]: mark,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => this.#child.on('close', (status, signal) => resolve({ status, signal })));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The lines that it has logged with this message. */
  logged(message: string): Record<string, unknown>[] {
    const lines = this.stderr.split('\n').filter((line) => line.includes(`"msg":${JSON.stringify(message)}`));
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves when it has logged that it started. */
  async started(): Promise<this> {
    await until(() => this.stderr.includes('"msg":"started"'), {
      timeoutMs: 120_000, // on a machine that does much else
      what: () => `the start of ${this.name}:\n${this.stderr}`,
      isOver: () => this.#child.exitCode !== null,
    });
    return this;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): typeof this.ended {
    this.#child.kill(signal);
    return this.ended;
  }

  /** What it has from the system, and what of that it holds, in bytes: see held-memory.cjs. */
  async memory(): Promise<{ rss: number; held: number }> {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
    const from = this.stderr.length;
    this.#child.kill('SIGUSR2');
    const said = () => /^E2E_HELD (\d+)$/m.exec(this.stderr.slice(from))?.[1];
    await until(() => said() !== undefined, { timeoutMs: 180_000, what: () => `the memory of ${this.name}` });
    return { rss, held: Number(said()) };
  }
}

/** Not one of ours, which services are strict about: only found again by it. */
const markVariable = 'E2E_MARK';
