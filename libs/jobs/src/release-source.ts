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
 * Whether a process works in the directory, or has something in it open: one that left its session, its parent and its environment
 * behind lives on after its job, and one that was there before it may have been asked to open a file. Of another user's process nobody
 * can know: it does when it is no older than the job, as one that the job started by sudo or in a container.
 */
export function isInUse(directory: string, notBefore: ProcessRecord): boolean {
  if (process.platform !== 'linux') return true;
  const sinceTicks = startTicksOf(notBefore);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.some((pid) => {
    const stat = processStat(Number(pid));
    return stat !== undefined && (uses(pid, directory) ?? stat.startTicks >= sinceTicks);
  });
}

/** Undefined for a process that is closed to us. */
function uses(pid: string, directory: string): boolean | undefined {
  try {
    const fds = readdirSync(`/proc/${pid}/fd`).map((fd) => `fd/${fd}`);
    const links = ['cwd', 'root', ...fds].map((name) => linkOf(`/proc/${pid}/${name}`));
    return (
      links.some((place) => `${place}/`.startsWith(`${directory}/`)) ||
      readFileSync(`/proc/${pid}/maps`, 'utf8').includes(`${directory}/`)
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? undefined : false; // otherwise it is gone meanwhile
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file);
  } catch {
    return ''; // closed meanwhile
  }
}
