import type { DeliveryLimits } from '../answer';
import type { Link } from './link';
import type { BrokerNames } from './names';
import type { Publisher } from './publisher';
import type { Waits } from './topology';

/** What the parts of one open bus share. */
export type AmqpParts = {
  names: BrokerNames;
  waits: Waits;
  limits: DeliveryLimits;
  /** The connection for everything but publishing: an alarm stops those that publish. */
  link: Link;
  publisher: Publisher;
  /** Types that somebody must take. */
  mandatory: ReadonlySet<string>;
  /** The types that each service takes whose queues everybody makes. */
  takers: Readonly<Record<string, readonly string[]>>;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  auditWaitMs: number;
  graceMs: number;
  leadPauseMs: number;
  onError: (error: Error) => void;
  /** Aborts when the bus is closed, or refused. */
  closing: AbortController;
  /** Ends the bus for good, by the broker's words; returns the error that everybody gets. */
  refuse: (cause: unknown) => Error;
};
