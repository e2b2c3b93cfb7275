import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from './file-error';
import { ObjectStoreError } from './object-store';

const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Closes a file that nobody writes to any more. Nobody waits for it either: what was synced is on disk, and what was not has failed. */
export function closeBehind(handle: FileHandle): void {
  handle.close().catch(() => undefined);
}

/** Files on their way into the store, in a directory of the same file system. */
export class TempFiles {
  readonly #mine = `${process.pid}-${randomBytes(6).toString('hex')}`;
  #count = 0;

  private constructor(private readonly directory: string) {}

  /** Makes the directory if need be and removes what earlier processes left in it. */
  static async open(directory: string): Promise<TempFiles> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (!(await lstat(directory)).isDirectory()) {
      throw new ObjectStoreError(`${directory} should be a directory and is a symbolic link: remove it`, false);
    }
    // Another process may be at work beside us: only what is older than this process is a leftover.
    for (const name of await readdir(directory)) await removeOlder(path.join(directory, name), performance.timeOrigin);
    return new TempFiles(directory);
  }

  /** Writes the bytes to a new file, durably. Returns its path. */
  async write(bytes: Uint8Array): Promise<string> {
    this.#count += 1;
    const file = path.join(this.directory, `${this.#mine}-${this.#count}`);
    const handle = await open(file, create, 0o600);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
      return file;
    } catch (error) {
      await this.remove(file);
      throw error;
    } finally {
      closeBehind(handle);
    }
  }

  /** Removes a file of ours. No error when that fails: the next start removes it. */
  async remove(file: string): Promise<void> {
    await unlink(file).catch(() => undefined);
  }
}

async function removeOlder(file: string, timeMs: number): Promise<void> {
  try {
    if ((await lstat(file)).mtimeMs < timeMs) await unlink(file);
  } catch (error) {
    // Another process that starts may remove the same leftovers.
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
