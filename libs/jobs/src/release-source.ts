import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readSpec } from './job-directory';
import type { Found } from './job-directory';
import type { JobHost } from './job-host';
import { sourceDirectory } from './supervisor/job-files';
import type { JobFiles } from './supervisor/job-files';
import { processStat, startTicksOf } from './supervisor/process-identity';
import type { ProcessRecord } from './supervisor/process-identity';

/** Offers an ended job's source to whoever filled it, unless something may still be at work in it. */
export async function releaseSource(
  { release, onWarning }: JobHost,
  files: JobFiles,
  { status, ended }: Extract<Found, { kind: 'ended' }>,
): Promise<void> {
  const spec = release === undefined || status === undefined ? undefined : await readSpec(files);
  if (release === undefined || status === undefined || spec === undefined || ended.end.kind === 'lost') return;
  if (isInUse(files.directory, status.supervisor)) return;
  try {
    await release(sourceDirectory(files, spec.workdir));
  } catch (error) {
    onWarning(`nothing of ${files.directory} can be used again: ${(error as Error).message}`);
  }
}

/**
 * Whether a process that is no older than this one works in the directory, or has something in it open: one that left its session, its
 * parent and its environment behind lives on after its job. Where nobody can know, it is.
 */
export function isInUse(directory: string, notBefore: ProcessRecord): boolean {
  if (process.platform !== 'linux') return true;
  const sinceTicks = startTicksOf(notBefore);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.some((pid) => {
    const stat = processStat(Number(pid));
    return stat !== undefined && stat.startTicks >= sinceTicks && uses(pid, directory);
  });
}

function uses(pid: string, directory: string): boolean {
  try {
    const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`);
    const links = ['cwd', 'root', ...fds].map((name) => linkOf(`/proc/${pid}/${name}`));
    return (
      links.some((place) => `${place}/`.startsWith(`${directory}/`)) ||
      readFileSync(`/proc/${pid}/maps`, 'utf8').includes(`${directory}/`)
    );
  } catch {
    return false; // gone meanwhile, or another user's, to whom our files are closed
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return ''; // closed meanwhile
  }
}
