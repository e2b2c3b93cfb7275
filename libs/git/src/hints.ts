import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { onAbort } from './on-abort';
import { commonDirOf } from './repository';
import type { Repository } from './repository';

export type WatchOptions = {
  /** Told once when not everything can be watched: hints are missing then, and looking by the clock must do. */
  onWarning?: (message: string) => void;
  /** Directories watched at most; default 1,000. */
  maxDirectories?: number;
};

/** What of a git directory tells of a moved ref; `index`, `objects` and the rest change all the time. */
const telling = new Set(['HEAD', 'packed-refs', 'refs', 'reftable']);

/**
 * Hints that a ref of this repository may have moved: read it again. The first comes as soon as the watch stands. Several
 * changes may come as one hint, a hint may come for nothing, and one may be lost. Ends when the signal aborts or the repository is removed.
 * inotify sees no remote machine's changes on network file systems: a look by the clock is needed in any case.
 */
export async function* watchLocal(
  repository: Repository,
  signal: AbortSignal,
  options: WatchOptions = {},
): AsyncIterable<void> {
  const hints = new RefWatch(repository, options);
  const off = onAbort(signal, () => hints.end());
  try {
    if (!signal.aborted) await hints.start();
    while (!signal.aborted && (await hints.next())) yield;
  } finally {
    off();
    hints.end();
  }
}

class RefWatch {
  readonly #directories = new Map<string, FSWatcher>();
  readonly #common: string;
  readonly #limit: number;
  #pending = false;
  #ended = false;
  #warned = false;
  #wake: () => void = () => undefined;

  constructor(
    private readonly repository: Repository,
    private readonly options: WatchOptions,
  ) {
    this.#common = commonDirOf(repository);
    this.#limit = options.maxDirectories ?? 1_000;
  }

  async start(): Promise<void> {
    this.#watchGitDir(this.#common);
    if (this.repository.gitDir !== this.#common) this.#watchGitDir(this.repository.gitDir);
    await this.#watchTree(path.join(this.#common, 'refs'));
    this.#watch(path.join(this.#common, 'reftable'), () => this.#hint());
    this.#hint(); // whatever moved before now is seen by the look that this causes
  }

  /** Waits for a hint; false when there will be no more. */
  async next(): Promise<boolean> {
    while (!this.#pending && !this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    const hinted = this.#pending;
    this.#pending = false;
    return hinted;
  }

  end(): void {
    this.#ended = true;
    for (const watcher of this.#directories.values()) watcher.close();
    this.#directories.clear();
    this.#wake();
  }

  #hint(): void {
    this.#pending = true;
    this.#wake();
  }

  #watchGitDir(directory: string): void {
    this.#watch(directory, (name) => {
      if (name === null || telling.has(name)) this.#hint();
      if (name === 'refs') this.#again(path.join(this.#common, 'refs'));
      if (name === 'reftable') this.#watch(path.join(this.#common, 'reftable'), () => this.#hint());
      if (name === null || name === path.basename(directory)) void this.#endWhenGone();
    });
  }

  /** A directory of refs and all below it; new ones are added when they appear. */
  async #watchTree(directory: string): Promise<void> {
    if (directory === path.join(this.#common, 'refs', 'remotes')) return; // what others have is not watched here
    const watched = this.#watch(directory, (name) => {
      if (name?.endsWith('.lock') === true) return;
      this.#hint();
      if (name !== null) this.#again(path.join(directory, name));
    });
    if (!watched) return;
    for (const entry of await readDirectory(directory)) await this.#watchTree(path.join(directory, entry));
  }

  /** Something of this name came or went: a directory of the same name may be another one now. */
  #again(directory: string): void {
    for (const [known, watcher] of this.#directories) {
      if (known !== directory && !known.startsWith(`${directory}/`)) continue;
      watcher.close();
      this.#directories.delete(known);
    }
    void readDirectory(path.dirname(directory)).then(async (siblings) => {
      if (siblings.includes(path.basename(directory))) await this.#watchTree(directory);
      if (this.#directories.has(directory)) this.#hint(); // refs made before the watch began
    });
  }

  #watch(directory: string, onEvent: (name: string | null) => void): boolean {
    if (this.#ended || this.#directories.has(directory)) return false;
    if (this.#directories.size >= this.#limit) return this.#warn(`more than ${this.#limit} directories of refs`);
    try {
      const watcher = watch(directory, (_type, name) => onEvent(name));
      watcher.on('error', (error: NodeJS.ErrnoException) => {
        watcher.close();
        this.#directories.delete(directory);
        this.#warn(error.code ?? error.message);
      });
      this.#directories.set(directory, watcher);
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Not there (no reftable, a ref's own file): nothing to watch. ENOSPC, EMFILE: the system's limit of watches.
      return code === 'ENOENT' || code === 'ENOTDIR' ? false : this.#warn(code ?? String(error));
    }
  }

  #warn(why: string): false {
    if (!this.#warned) {
      this.options.onWarning?.(
        `${this.repository.workTree ?? this.repository.gitDir} is watched by the clock, not by events (${why})`,
      );
    }
    this.#warned = true;
    return false;
  }

  async #endWhenGone(): Promise<void> {
    for (const directory of [this.#common, this.repository.gitDir]) {
      try {
        await access(directory);
      } catch {
        this.#hint();
        this.#ended = true;
      }
    }
  }
}

/** The names of the directories in a directory; none when it is gone. */
async function readDirectory(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch {
    return []; // removed in the meantime: its parent tells of it
  }
}
