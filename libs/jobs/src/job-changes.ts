import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { hasEnded, jobDirectory } from './job-directory';
import { isJobName } from './job-spec';
import { Wake } from './wake';
import { watchDirectory } from './watch-directory';
import type { Watch } from './watch-directory';

/** Files whose change is a change of the job; output is none. */
const telling = new Set(['status.json', 'end.json']);

/** Hints that jobs changed: those this process knows of, and those that other processes' files tell. */
export class JobChanges {
  readonly #wakes = new Set<Wake>();

  /** Something changed here. */
  readonly tell = (): void => {
    for (const wake of this.#wakes) wake.up();
  };

  /** Yields when some job in the root changed. Ends with the signal. */
  async *follow(root: string, signal: AbortSignal): AsyncGenerator<void> {
    const wake = new Wake();
    const watches = new JobWatches(root, wake.up);
    this.#wakes.add(wake);
    try {
      for (;;) {
        await watches.renew();
        await wake.wait(signal);
        if (signal.aborted) return;
        yield;
      }
    } finally {
      this.#wakes.delete(wake);
      watches.close();
    }
  }
}

/** Watches on the root and on every job that has not ended. */
class JobWatches {
  readonly #root: Watch;
  readonly #jobs = new Map<string, Watch>();

  constructor(
    private readonly root: string,
    private readonly changed: () => void,
  ) {
    this.#root = watchDirectory(root, changed);
  }

  async renew(): Promise<void> {
    const names = (await readdir(this.root).catch(() => [])).filter(isJobName);
    const open = await Promise.all(names.map(async (name) => !(await hasEnded(jobDirectory(this.root, name)))));
    const wanted = new Set(names.filter((_name, index) => open[index]));
    await Promise.all([...wanted].map((name) => this.#watch(name)));
    for (const [name, watch] of this.#jobs) {
      if (wanted.has(name)) continue;
      watch.close();
      this.#jobs.delete(name);
    }
  }

  close(): void {
    for (const watch of [this.#root, ...this.#jobs.values()]) watch.close();
  }

  async #watch(name: string): Promise<void> {
    if (this.#jobs.has(name)) return;
    const directory = path.join(this.root, name);
    const watch = watchDirectory(directory, (file) => {
      if (file === undefined || telling.has(file)) this.changed();
    });
    this.#jobs.set(name, watch);
    // It may have ended before the watch was there.
    if (await hasEnded(jobDirectory(this.root, name))) this.changed();
  }
}
