import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { errorCode } from './file-error';
import { closeBehind } from './temp-files';

/**
 * Makes the names in directories durable. Callers that ask while a sync of the same directory runs share the next one:
 * the running one may have begun before their change.
 */
export class DirectorySync {
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  /** Resolves when every name made or removed in the directory before this call is on disk. */
  sync(directory: string): Promise<void> {
    const planned = this.#next.get(directory);
    if (planned !== undefined) return planned;
    const before = this.#running.get(directory) ?? Promise.resolve();
    // How the sync before ended is its own callers' concern.
    const next: Promise<void> = before.catch(() => undefined).then(() => this.#run(directory, next));
    this.#next.set(directory, next);
    return next;
  }

  async #run(directory: string, self: Promise<void>): Promise<void> {
    this.#next.delete(directory);
    this.#running.set(directory, self);
    try {
      await syncDirectory(directory);
    } finally {
      if (this.#running.get(directory) === self) this.#running.delete(directory);
    }
  }
}

async function syncDirectory(directory: string): Promise<void> {
  try {
    const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      closeBehind(handle);
    }
  } catch (error) {
    // ENOENT: a delete emptied and removed it, nothing is left to make durable. EINVAL: this file system cannot sync directories.
    if (!['ENOENT', 'EINVAL', 'ENOTSUP'].includes(errorCode(error) ?? '')) throw error;
  }
}
