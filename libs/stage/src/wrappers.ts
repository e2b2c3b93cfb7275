import type { Event } from '@keelson/events';
import { TerminalError } from './stage';
import type { Outcome, Stage } from './stage';

/** The stage did not answer in time. The bus tries again, as after any unexplained failure. */
export class StageTimeoutError extends Error {
  readonly code = 'stage-timeout';
  override readonly name = 'StageTimeoutError';
}

/**
 * Gives up on a stage that takes longer than this: its signal aborts, and a StageTimeoutError is thrown even when the stage does
 * not heed the signal. The signal from outside is passed on.
 */
export function withTimeout<E extends Event>(stage: Stage<E>, timeoutMs: number): Stage<E> {
  return async (event, signal) => {
    // Not AbortSignal.any: on Node 20 its results stay referenced by a source that lives as long as the process.
    const inner = new AbortController();
    const pass = () => inner.abort(signal.reason);
    if (signal.aborted) pass();
    signal.addEventListener('abort', pass, { once: true });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Outcome>((_, reject) => {
      const give = () => {
        const error = new StageTimeoutError(`${event.type} ${event.id}: not answered within ${timeoutMs} ms`);
        reject(error);
        inner.abort(error);
      };
      timer = setTimeout(give, timeoutMs);
    });
    try {
      return await Promise.race([stage(event, inner.signal), late]);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', pass);
    }
  };
}

export type DeadlineOptions<E extends Event> = {
  /** When waiting for this event's work has to end, milliseconds since the epoch; undefined: it does not. */
  deadlineMsOf: (event: E) => number | undefined | Promise<number | undefined>;
  /** Milliseconds since the epoch. */
  clock: () => number;
};

/** Bounds `again`: past the deadline it becomes a TerminalError that says what was waited for. Work that is done is never too late. */
export function withDeadline<E extends Event>(stage: Stage<E>, { deadlineMsOf, clock }: DeadlineOptions<E>): Stage<E> {
  return async (event, signal) => {
    const outcome = await stage(event, signal);
    if (outcome.kind !== 'again') return outcome;
    const deadlineMs = await deadlineMsOf(event);
    if (deadlineMs === undefined || clock() < deadlineMs) return outcome;
    throw new TerminalError(`waited until the deadline, ${new Date(deadlineMs).toISOString()}: ${outcome.because}`);
  };
}
