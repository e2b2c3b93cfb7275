import type { EventOf } from '@keelson/events';
import type { Ledger, SameRegistry } from '@keelson/ledger';
import type { RegistryClient } from '@keelson/registry';

export const service = 'registry-poller';

export type Packaged = EventOf<'dev.cdevents.artifact.packaged.0.3.0'>;

export type RegistryPollerDeps = {
  ledger: Ledger;
  client: RegistryClient;
  /** Image references with a tag that are watched for pushes by others, besides those of our own builds. */
  watched: readonly string[];
  /** Groups of addresses, each of one registry: images recorded under one of them count under all. */
  sameRegistry?: SameRegistry;
  /** How often watched tags are looked at, milliseconds. */
  pollMs: number;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** How long an image may be missing, or its registry away, before the run ends in an error. */
  patienceMs: number;
  /** Says to whoever watches why nothing happens. */
  notice: (run: string, message: string) => void;
};

export const instant = (ms: number): string => new Date(ms).toISOString();
