import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Removes a directory and everything below, also what tests leave behind: directories nobody may write to (Go's module cache), names
 * that are no UTF-8, paths longer than the system takes in one call. By `rm`, which knows all that and does not hold up this process.
 * No error when there is nothing. @param directory absolute
 */
export async function removeTree(directory: string): Promise<void> {
  try {
    await run('rm', ['-rf', '--', directory]);
  } catch {
    // Mostly for lack of permission; when not, the second try says so. chmod follows no symbolic links below its argument.
    await run('chmod', ['-R', 'u+rwx', '--', directory]).catch(() => undefined);
    await run('rm', ['-rf', '--', directory]);
  }
}
