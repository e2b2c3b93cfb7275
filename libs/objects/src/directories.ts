import { lstat, mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { DirectorySync } from './directory-sync';
import { errorCode } from './file-error';
import { ObjectStoreError } from './object-store';

/** A directory on its way: `made` when files can be put into it, `durable` when it outlives a power cut, with all above it. */
export type Directory = { made: Promise<void>; durable: Promise<void> };

/** Enough for every run in work; beyond it, looking again is cheap. */
const maxKnown = 10_000;

/** The directories below the root. Those seen once are remembered, so that a put costs no look at its parents. */
export class Directories {
  readonly #known = new Map<string, Directory>();
  readonly #root: Directory = { made: Promise.resolve(), durable: Promise.resolve() };

  constructor(
    readonly root: string,
    private readonly syncs: DirectorySync,
  ) {}

  /** Makes the directory and those above it unless they are there. Concurrent callers share the work. */
  ensure(directory: string): Directory {
    if (directory === this.root) return this.#root;
    const known = this.#known.get(directory);
    if (known !== undefined) return known;
    if (this.#known.size >= maxKnown) this.#known.clear();
    const made = this.#make(directory);
    this.#known.set(directory, made);
    made.durable.catch(() => {
      if (this.#known.get(directory) === made) this.#known.delete(directory);
    });
    return made;
  }

  /** Whether the directory is there, without making it. @throws ObjectStoreError when the way to it leads over a symbolic link */
  async exists(directory: string): Promise<boolean> {
    if (directory === this.root) return true;
    try {
      const known = this.#known.get(directory);
      if (known === undefined && !(await this.exists(path.dirname(directory)))) return false;
      await (known?.made ?? checkReal(directory));
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  /**
   * Makes a new name in the directory durable, and the way to it. For a name that was there already too: its writer may still
   * be waiting for the same, or have died before it.
   */
  async settle(directory: string, known: Directory = this.ensure(directory)): Promise<void> {
    await Promise.all([this.syncs.sync(directory), known.durable]);
  }

  /** Forgets the directory and those above it: something on the way to it is gone. */
  forget(directory: string): void {
    for (let at = directory; at !== this.root; at = path.dirname(at)) this.#known.delete(at);
  }

  /**
   * Removes the directory and those above it as long as they are empty, durably. Safe beside a put: the system refuses to
   * remove a directory with a file in it, and a put that comes too late makes the directory again.
   */
  async prune(directory: string): Promise<void> {
    let at = directory;
    while (at !== this.root && (await removeIfEmpty(at))) {
      this.#known.delete(at);
      at = path.dirname(at);
    }
    await this.syncs.sync(at);
  }

  #make(directory: string): Directory {
    const parent = this.ensure(path.dirname(directory));
    const made = parent.made.then(() => makeReal(directory));
    // Also when it was there: the process that made it may have died before its own sync.
    const durable = made.then(async () => {
      await Promise.all([this.syncs.sync(path.dirname(directory)), parent.durable]);
    });
    return { made, durable };
  }
}

async function makeReal(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    await checkReal(directory);
  }
}

/** A symbolic link planted in the store must not lead writes out of it. */
async function checkReal(directory: string): Promise<void> {
  if ((await lstat(directory)).isDirectory()) return;
  throw new ObjectStoreError(`${directory} should be a directory of the object store and is not: remove it`, false);
}

async function removeIfEmpty(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (error) {
    // ENOENT: another delete was faster, and goes on upwards itself.
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
