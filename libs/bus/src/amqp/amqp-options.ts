import type { EventType } from '@keelson/events';
import type { DeliveryLimits } from '../answer';
import type { Waits } from './topology';

export type AmqpBusOptions = {
  /** `amqp://user:password@host:port/vhost`, or `amqps://`. Kept out of every message. */
  url: string;
  /** For `amqps`, in PEM: whom to trust, and what to show. */
  tls?: { ca?: string; cert?: string; key?: string; servername?: string };
  /** The management API, `http://user:password@host:port`: tells all services' queues, what is in work, and whether the policies are there. */
  apiUrl?: string;
  /** Shown by the broker beside each connection. */
  connectionName?: string;
  /** Before every name at the broker, for several installations on one virtual host. */
  prefix?: string;
  /**
   * Services whose queues are shown, and made with every connection, and the types that each takes: what is published waits for them also where they have
   * never run, and somebody else listens. Default: none.
   */
  takers?: Readonly<Record<string, readonly EventType[]>>;
  /** Types that must reach somebody, or publishing them fails. Default: those that `takers` take. */
  mandatoryTypes?: readonly EventType[];
  /** Waits after failed tries, in milliseconds; one failure more parks. Fixed with the queues: another value is refused by the broker. Default 10 s, 1 m, 10 m. */
  retryMs?: Waits['retryMs'];
  /** What the delays of `again` mean, in milliseconds. Fixed as well. Default: what they say. */
  againMs?: Waits['againMs'];
  /** How long one delivery may answer `again`. Default 24 h. */
  againDeadlineMs?: number;
  /** Hand-outs after the first that may end without an answer. Default 5. */
  maxRedeliveries?: number;
  /** How long the first connection, and each publish, may take. Default 10 s. */
  patienceMs?: number;
  /** How long publishing waits for the audit alone, where the broker has everything else. Default 1 s. */
  auditWaitMs?: number;
  /** How long a consumer that ends waits for handlers that do not heed their signal. Default 5 s. */
  graceMs?: number;
  /** Between two terms of one leader. Default 1 s. */
  leadPauseMs?: number;
  /** Wall-clock time, milliseconds since the epoch. */
  clock?: () => number;
  /** Told of faults that nobody else is told: a connection that was lost, above all. Default: a process warning. */
  onError?: (error: Error) => void;
};

export type AmqpSettings = {
  limits: DeliveryLimits;
  waits: Waits;
  mandatory: ReadonlySet<string>;
  takers: Readonly<Record<string, readonly EventType[]>>;
  wallClock: () => number;
  auditWaitMs: number;
  graceMs: number;
  leadPauseMs: number;
  onError: (error: Error) => void;
};

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** The options with every default filled in. */
export function amqpSettings(options: AmqpBusOptions): AmqpSettings {
  const waits = waitsOf(options);
  const { takers = {} } = options;
  return {
    waits,
    limits: {
      ...waits,
      againDeadlineMs: options.againDeadlineMs ?? 24 * hour,
      maxRedeliveries: options.maxRedeliveries ?? 5,
    },
    mandatory: new Set(options.mandatoryTypes ?? Object.values(takers).flat()),
    takers,
    wallClock: options.clock ?? Date.now,
    auditWaitMs: options.auditWaitMs ?? second,
    graceMs: options.graceMs ?? 5 * second,
    leadPauseMs: options.leadPauseMs ?? second,
    onError: options.onError ?? ((error) => process.emitWarning(error)),
  };
}

const waitsOf = ({ retryMs, againMs }: AmqpBusOptions): Waits => ({
  retryMs: retryMs ?? [10 * second, minute, 10 * minute],
  againMs: againMs ?? { '1s': second, '10s': 10 * second, '1m': minute, '10m': 10 * minute },
});

export const amqpPatienceMs = ({ patienceMs = 10 * second }: AmqpBusOptions): number => patienceMs;
