/** Work in progress per mirror directory: two fetches into one repository would fight for its lock files. */
const tails = new Map<string, Promise<unknown>>();

/** Runs `work` after all earlier work on this directory has ended, however it ended. Within this process only: a data directory has one owner. */
export async function oneAtATime<T>(directory: string, work: () => Promise<T>): Promise<T> {
  const before = tails.get(directory) ?? Promise.resolve();
  const mine = before.then(work, work);
  const tail = mine.catch(() => undefined);
  tails.set(directory, tail);
  try {
    return await mine;
  } finally {
    if (tails.get(directory) === tail) tails.delete(directory);
  }
}
