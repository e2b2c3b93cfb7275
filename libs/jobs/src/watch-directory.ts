import { watch } from 'node:fs';

/** A watch that can be ended. */
export type Watch = { close: () => void };

/**
 * Calls back when something in the directory, not deeper, changes, with its name where the system tells it. A hint: there may be no watch to be
 * had (too many, or a network's file system), and it may end at any time. Does not keep the process alive.
 */
export function watchDirectory(directory: string, changed: (name: string | undefined) => void): Watch {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => changed(name ?? undefined));
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return { close: () => undefined }; // who uses hints looks by itself too
  }
}
