import { setTimeout } from 'node:timers/promises';

/** Time as this lib needs it: durations only, so that a wall clock that jumps back changes nothing. */
export type Clock = {
  /** Milliseconds from any fixed point; never goes back. */
  nowMs(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
};

export const steadyClock: Clock = {
  nowMs: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  },
};
