import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileJobs } from '@keelson/testbed';
import type { JobsHarness } from './jobs-harness.contract';
import { ProcessJobs } from './process-jobs';
import type { ProcessJobsOptions } from './process-jobs';

/** A directory of this test's own, links resolved. */
export const scratch = (): string => realpathSync(mkdtempSync(path.join(tmpdir(), 'keelson-jobs-')));

/** The jobs compiled as they are now: see `compileJobs`. */
export function compiled(): { directory: string; supervisorPath: string } {
  const directory = scratch();
  return { directory, supervisorPath: compileJobs(directory) };
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
