import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A file system that is soon full, in memory; or why it cannot be mounted here. */
export type SmallDisk = { directory: string; missing: string | undefined; remove: () => void };

/** @param size as tmpfs takes it: `2m` */
export function smallDisk(size: string): SmallDisk {
  const directory = mkdtempSync(path.join(tmpdir(), 'keelson-small-disk-'));
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { encoding: 'utf8' });
  const isMounted = mount.status === 0;
  const said = mount.error?.message ?? mount.stderr.trim();
  return {
    directory,
    missing: isMounted ? undefined : `a small tmpfs cannot be mounted here: ${said}`,
    remove: () => {
      // What is still open in it goes with its last user.
      if (isMounted) spawnSync('umount', ['-l', directory]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
