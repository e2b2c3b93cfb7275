import type { Event } from '@keelson/events';

/** How long to wait before looking again. */
export type Delay = '1s' | '10s' | '1m' | '10m';
export const delays: readonly Delay[] = ['1s', '10s', '1m', '10m'];

/**
 * What a stage returns.
 * - `emit`: done; the events are published before the delivery is acknowledged.
 * - `again`: not yet, or a neighbour is unavailable; never counted as a failure, bounded by the run's deadline.
 */
export type Outcome = { kind: 'emit'; events: readonly Event[] } | { kind: 'again'; after: Delay; because: string };

/**
 * Event in, events out. Pure but for its ports. Never publishes, acks or sleeps.
 * Throwing means that we failed: retried after 10 s, 1 m, 10 m, then parked. A TerminalError is parked at once.
 */
export type Stage<E extends Event> = (event: E, signal: AbortSignal) => Promise<Outcome>;

export const emit = (...events: readonly Event[]): Outcome => ({ kind: 'emit', events });

/** @param because one sentence for the operator who asks why nothing happens */
export const again = (after: Delay, because: string): Outcome => ({ kind: 'again', after, because });

/** `again`, asked less often the longer it takes. @param elapsedMs since the first try */
export function againLater(elapsedMs: number, because: string): Outcome {
  return again(elapsedMs < 30_000 ? '1s' : elapsedMs < 300_000 ? '10s' : '1m', because);
}

/** The same input can never work: parked at once, with this message as the reason. */
export class TerminalError extends Error {
  readonly code = 'terminal';
  override readonly name = 'TerminalError';
}
