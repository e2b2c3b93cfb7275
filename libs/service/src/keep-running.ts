import { backOffMs } from './back-off';
import type { BackOff } from './back-off';
import { pause } from './pause';

export type KeepRunningOptions = {
  signal: AbortSignal;
  /** Between an end and the next start. Begins anew once the work has run longer than the longest wait. */
  backOff: BackOff;
  /** Told of every end before the signal aborts; of no error when the work returned. */
  ended: (error: unknown) => void;
};

/** Runs work that is meant to last until the signal aborts, and again whenever it ends before. Never rejects. */
export async function keepRunning(
  work: () => Promise<void>,
  { signal, backOff, ended }: KeepRunningOptions,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    const error = await endOf(work);
    if (signal.aborted) return;
    failures = performance.now() - startedMs > backOff.maxMs ? 1 : failures + 1;
    ended(error);
    await pause(backOffMs(backOff, failures), signal);
  }
}

async function endOf(work: () => Promise<void>): Promise<unknown> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error ?? new Error('ended by throwing nothing');
  }
}
