import type { Delay } from '@keelson/stage';
import type { BusSettings } from './bus-parts';

export type LmdbBusOptions = {
  /** Of the bus alone; made when it is not there. */
  directory: string;
  /** Waits after failed tries, in milliseconds; one failure more parks. Default 10 s, 1 m, 10 m. */
  retryMs?: readonly number[];
  /** What the delays of `again` mean, in milliseconds. Default: what they say. */
  againMs?: Readonly<Record<Delay, number>>;
  /** How long one delivery may answer `again`. Default 24 h. */
  againDeadlineMs?: number;
  /** Hand-outs after the first that may end without an answer. Default 5. */
  maxRedeliveries?: number;
  /** How long the audit keeps an event that no delivery needs. Default 30 days. */
  auditRetentionMs?: number;
  /** How long a consumer that ends waits for handlers that do not heed their signal. Default 5 s. */
  graceMs?: number;
  /** Between two terms of one leader. Default 1 s. */
  leadPauseMs?: number;
  /** Wall-clock time, milliseconds since the epoch. */
  clock?: () => number;
  /** Told of faults that nobody else is told. Default: a process warning. */
  onError?: (error: Error) => void;
};

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** The options with every default filled in. */
export function settingsOf(options: LmdbBusOptions): BusSettings {
  return {
    limits: {
      retryMs: options.retryMs ?? [10 * second, minute, 10 * minute],
      againMs: options.againMs ?? { '1s': second, '10s': 10 * second, '1m': minute, '10m': 10 * minute },
      againDeadlineMs: options.againDeadlineMs ?? 24 * hour,
      maxRedeliveries: options.maxRedeliveries ?? 5,
    },
    wallClock: options.clock ?? Date.now,
    auditRetentionMs: options.auditRetentionMs ?? 30 * 24 * hour,
    graceMs: options.graceMs ?? 5 * second,
    leadPauseMs: options.leadPauseMs ?? second,
    onError: options.onError ?? ((error) => process.emitWarning(error)),
  };
}
