import type { Clock } from './clock';
import { ConnectionLostError } from './registry-errors';

const pausesMs = [50, 250];

/**
 * Does it again, twice at most, when the connection broke: a server closes idle connections at any time, and a request
 * that leaves at that moment is lost. For work that may be done twice.
 */
export async function retryWhenCut<T>(work: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      await clock.sleep(pauseMs, signal);
    }
  }
  return work();
}
