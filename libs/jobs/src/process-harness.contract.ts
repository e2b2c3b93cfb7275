import { transformFileSync } from '@swc/core';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JobsHarness } from './jobs-harness.contract';
import { ProcessJobs } from './process-jobs';
import type { ProcessJobsOptions } from './process-jobs';

/** A directory of this test's own, links resolved. */
export const scratch = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-jobs-')));

/** This project compiled as it is now: the supervisor is a process of its own and runs no TypeScript. */
export function compiled(): { directory: string; supervisorPath: string } {
  const directory = scratch();
  const files = readdirSync(__dirname, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && !/\.(spec|contract)\.ts$/.test(name))) {
    const { code } = transformFileSync(path.join(__dirname, file), {
      swcrc: false,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
    });
    const target = path.join(directory, file.replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return { directory, supervisorPath: path.join(directory, 'supervisor', 'main.js') };
}

/** The processes that run this supervisor. */
export function supervisorsOf(supervisorPath: string): number[] {
  const runsIt = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === supervisorPath;
    } catch {
      return false; // no process, or gone in the meantime
    }
  };
  return readdirSync('/proc').filter(runsIt).map(Number);
}

export type ProcessHarness = Omit<JobsHarness, 'open'> & {
  directory: string;
  open(options?: Partial<ProcessJobsOptions>): Promise<ProcessJobs>;
};

/** Jobs in a directory of their own, with graces short enough for a test. An image is a directory's content, made on the spot. */
export async function processHarness(supervisorPath: string): Promise<ProcessHarness> {
  const root = scratch();
  const directory = path.join(root, 'jobs');
  const opened: ProcessJobs[] = [];
  return {
    directory,
    image: 'registry.test/sample@sha256:0',
    workdir: '/src',
    sample: { path: 'sample.txt', content: 'what the image holds\n' },
    keepsFiles: true,
    isExact: true,
    open: async (options: Partial<ProcessJobsOptions> = {}) => {
      const materialise = (_image: string, into: string) =>
        writeFile(path.join(into, 'sample.txt'), 'what the image holds\n');
      const graces = { stopGraceMs: 300, drainMs: 300 };
      const jobs = new ProcessJobs({ directory, materialise, supervisorPath, ...graces, ...options });
      opened.push(jobs);
      return jobs;
    },
    end: async () => {
      for (const jobs of opened) await jobs.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
