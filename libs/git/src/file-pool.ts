import { hash, randomUUID } from 'node:crypto';
import { closeSync, futimesSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';

/** A regular file as an archive holds it: all that tells it from another, but for its name. */
export type PlainFile = { content: Buffer; executable: boolean; mtimeSeconds: number };

export type FilePoolLimits = { mostFiles?: number; mostBytes?: number };

type Spare = { path: string; sizeBytes: number };

/**
 * Files made in advance, by their content. To make 2,000 files is most of what a private copy costs, on some file systems a millisecond
 * for each; to move them is not. Each is handed out once, and nobody had it before.
 */
export class FilePool {
  /** The content that was asked for longest ago comes first. */
  readonly #files = new Map<string, Spare[]>();
  #count = 0;
  #bytes = 0;
  #named = 0;
  readonly #directory: string;
  readonly limits: Required<FilePoolLimits>;

  /** @param place private, on the file system of what is unpacked; what an earlier process left in it is deleted */
  constructor(place: string, { mostFiles = 20_000, mostBytes = 512 * 1024 * 1024 }: FilePoolLimits = {}) {
    this.limits = { mostFiles, mostBytes };
    mkdirSync(place, { recursive: true, mode: 0o700 });
    // Behind everybody's back; what cannot be deleted is tried again at the next start.
    for (const name of readdirSync(place))
      rm(path.join(place, name), { recursive: true, force: true }).catch(() => undefined);
    this.#directory = path.join(place, randomUUID());
    mkdirSync(this.#directory, { mode: 0o700 });
  }

  /** Names files that are alike. */
  keyOf({ content, executable, mtimeSeconds }: PlainFile): string {
    return `${hash('sha256', content, 'base64url')}${executable ? 'x' : ''}${mtimeSeconds}`;
  }

  /** Moves a file like this one to a place where nothing is. False when there is none. */
  take(file: PlainFile, to: Buffer): boolean {
    if (this.#count === 0) return false;
    const key = this.keyOf(file);
    const spares = this.#files.get(key);
    const spare = spares?.pop();
    if (spares === undefined || spare === undefined) return false;
    this.#forget(key, spare);
    try {
      renameSync(spare.path, to);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false; // somebody tidied up
      throw error;
    }
  }

  /**
   * Sees to it that there are so many files like this one, and lets go of those that nobody has asked for longest when there are too many.
   * @param key of the file
   */
  stock(key: string, file: PlainFile, count: number): void {
    const spares = this.#files.get(key) ?? [];
    this.#files.delete(key); // the newest content goes last
    this.#files.set(key, spares);
    while (spares.length < count) {
      while (this.#isFull(file.content.length)) this.#dropOldest();
      this.#named += 1;
      const own = path.join(this.#directory, String(this.#named));
      writeFile(own, file);
      spares.push({ path: own, sizeBytes: file.content.length });
      this.#count += 1;
      this.#bytes += file.content.length;
    }
  }

  #isFull(moreBytes: number): boolean {
    return this.#count > 0 && (this.#count >= this.limits.mostFiles || this.#bytes + moreBytes > this.limits.mostBytes);
  }

  #dropOldest(): void {
    for (const [key, spares] of this.#files) {
      const spare = spares.pop();
      if (spare === undefined) continue;
      this.#forget(key, spare);
      rmSync(spare.path, { force: true });
      return;
    }
  }

  #forget(key: string, { sizeBytes }: Spare): void {
    this.#count -= 1;
    this.#bytes -= sizeBytes;
    if (this.#files.get(key)?.length === 0) this.#files.delete(key);
  }
}

/** Makes the file where nothing is. Its mode follows the umask, as in any checkout. */
export function writeFile(at: string | Buffer, { content, executable, mtimeSeconds }: PlainFile): void {
  const file = openSync(at, 'wx', modeOf(executable));
  try {
    for (let done = 0; done < content.length;) done += writeSync(file, content, done);
    futimesSync(file, mtimeSeconds, mtimeSeconds);
  } finally {
    closeSync(file);
  }
}

/** Before the umask takes its share. */
export const modeOf = (executable: boolean): number => (executable ? 0o777 : 0o666);
