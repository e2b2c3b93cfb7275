import type { Event } from '@keelson/events';

/** State in, events out: for what has no event of its own (a head moved, a Job ended). Runs in one leader per service. */
export interface Observer<S> {
  /** Open records joined with the world. An open record whose counterpart is gone is listed as lost, never left out. */
  list(signal: AbortSignal): Promise<readonly S[]>;
  /** Hints to look now. Losing one only costs time; the iterable may end at any time. */
  changes?(signal: AbortSignal): AsyncIterable<void>;
  /** Records first (if-absent), then returns the events that tell of it. May be called again with the same state. */
  report(state: S, signal: AbortSignal): Promise<readonly Event[]>;
  /** Called after the events of `report` are published: forgets the open record. May be called again. */
  mark(state: S, signal: AbortSignal): Promise<void>;
}
