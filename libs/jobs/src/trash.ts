import { randomUUID } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { processIdentity } from '@keelson/process';
import { isAbsent } from './job-directory';
import { removeTree } from './supervisor/remove-tree';

const trashPrefix = '.trash-';
const newPrefix = '.new-';

/** Deletes directories behind everybody's back: a big tree takes its time, and nobody waits for it. */
export class Trash {
  #deleting: Promise<void> = Promise.resolve();

  constructor(
    private readonly root: string,
    private readonly onWarning: (message: string) => void,
  ) {}

  /** A name in the root for something that is being made. When this process dies, the next one sweeps it up. */
  newName(): string {
    return path.join(this.root, `${newPrefix}${process.pid}-${randomUUID()}`);
  }

  /** Takes the directory out of sight, at once, and deletes it later. No error when there is none. */
  async take(directory: string): Promise<void> {
    const hidden = path.join(this.root, `${trashPrefix}${randomUUID()}`);
    try {
      await rename(directory, hidden);
    } catch (error) {
      if (isAbsent(error)) return;
      throw error;
    }
    this.delete(hidden);
  }

  /** Deletes the directory later. */
  delete(directory: string): void {
    this.#deleting = this.#deleting.then(async () => {
      try {
        await removeTree(directory);
      } catch (error) {
        const { message } = error as Error;
        this.onWarning(`${directory} could not be deleted and is tried again at the next start: ${message.trim()}`);
      }
    });
  }

  /** Deletes what processes before us left half made or half deleted. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.root)) {
      if (name.startsWith(trashPrefix) || isLeftNew(name)) this.delete(path.join(this.root, name));
    }
  }

  /** Resolves when everything taken so far is deleted. */
  idle(): Promise<void> {
    return this.#deleting;
  }
}

function isLeftNew(name: string): boolean {
  if (!name.startsWith(newPrefix)) return false;
  const pid = Number.parseInt(name.slice(newPrefix.length), 10);
  return pid !== process.pid && processIdentity(pid) === undefined;
}
