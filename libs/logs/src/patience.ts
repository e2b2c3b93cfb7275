import { ObjectStoreError } from '@keelson/objects';
import { setTimeout } from 'node:timers/promises';

/** How long to put up with a store that fails for a while: a wait before each further try, none when the signal aborts. */
export type Patience = { delaysMs: readonly number[]; signal: AbortSignal };

/** About six seconds in all: less than a Ctrl-C waits. */
export const usualDelaysMs: readonly number[] = [100, 200, 400, 800, 1_600, 3_200];

/** Does the work, again after each wait while the store says that it may succeed later. @throws the last error */
export async function patiently<T>(work: () => Promise<T>, { delaysMs, signal }: Patience): Promise<T> {
  for (const delayMs of delaysMs) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ObjectStoreError && error.transient) || signal.aborted) throw error;
      // Cut short, the wait is no answer: the store's error is.
      await setTimeout(delayMs, undefined, { signal }).catch(() => Promise.reject(error));
    }
  }
  return work();
}
