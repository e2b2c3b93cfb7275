import type { EventOf } from '@keelson/events';
import type { Ledger, SameRegistry } from '@keelson/ledger';
import type { RegistryClient } from '@keelson/registry';

export const service = 'registry-poller';

export type Packaged = EventOf<'dev.cdevents.artifact.packaged.0.3.0'>;

/** To each registry that has bases of ours: it may be anybody's. */
export const baseRequestsPerSecond = 2;

/** How the tags of bases in use are looked at. */
export type BaseWatch = {
  /** With a budget of requests. */
  client: RegistryClient;
  intervalMs: number;
  /** Sources that are watched whatever the records say; absent: any that the records do not say to leave. */
  sources?: readonly string[];
  /** Changes that are made for moved bases within a minute, at most. */
  rebuildsPerMinute: number;
};

export type RegistryPollerDeps = {
  ledger: Ledger;
  client: RegistryClient;
  /** Image references with a tag that are watched for pushes by others, besides those of our own builds. */
  watched: readonly string[];
  /** Groups of addresses, each of one registry: images recorded under one of them count under all. */
  sameRegistry?: SameRegistry;
  /** How often watched tags are looked at, milliseconds. */
  pollMs: number;
  /** Absent: bases are not looked at. */
  bases?: BaseWatch;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** How long an image may be missing, or its registry away, before the run ends in an error. */
  patienceMs: number;
  /** Says to whoever watches why nothing happens. */
  notice: (run: string, message: string) => void;
};

export const instant = (ms: number): string => new Date(ms).toISOString();
