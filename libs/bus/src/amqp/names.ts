import type { Delay } from '@keelson/stage';
import { delays } from '@keelson/stage';

/** The waits after failed tries, as the names of the queues in which they are spent. */
export const retryNames = ['10s', '1m', '10m'] as const;
export type RetryName = (typeof retryNames)[number];

/** The queues of one service, or of the inbox. */
export type QueueNames = {
  main: string;
  again: Readonly<Record<Delay, string>>;
  retry: Readonly<Record<RetryName, string>>;
  /** What the broker gave up. */
  dlq: string;
  /** What we gave up. */
  parking: string;
  leader: string;
};

export type BrokerNames = {
  events: string;
  audit: string;
  /** What the audit's stream did not take. */
  auditLate: string;
  inbox: string;
  /** Made after all others: see `declareLast`. */
  last: string;
  of(service: string): QueueNames;
  /** The service whose queue this is; undefined when it is no service's main queue. */
  serviceOf(queue: string): string | undefined;
};

/** What everything is called at the broker. @param prefix before every name, for several installations on one virtual host */
export function brokerNames(prefix: string): BrokerNames {
  const named = (name: string) => `${prefix}ci.${name}`;
  const others = new Set(['events', 'audit']);
  return {
    events: named('events'),
    audit: named('audit'),
    auditLate: named('audit.late'),
    inbox: named('inbox'),
    last: named('last.made'),
    of: (service) => queueNames(named(service)),
    serviceOf: (queue) => {
      const service = queue.startsWith(named('')) ? queue.slice(named('').length) : '';
      return /^[a-z][a-z0-9-]*$/.test(service) && !others.has(service) ? service : undefined;
    },
  };
}

function queueNames(main: string): QueueNames {
  const each = <K extends string>(kind: string, keys: readonly K[]) =>
    Object.fromEntries(keys.map((key) => [key, `${main}.${kind}.${key}`])) as Record<K, string>;
  return {
    main,
    again: each('again', delays),
    retry: each('retry', retryNames),
    dlq: `${main}.dlq`,
    parking: `${main}.parking`,
    leader: `${main}.leader`,
  };
}

/** The binding that takes an event type in every version. */
export const bindingKey = (type: string): string => `${type.replace(/\.\d+\.\d+\.\d+$/, '')}.#`;
