import type { EventOf } from '@keelson/events';
import type { Ledger, SameRegistry } from '@keelson/ledger';
import type { RegistryClient } from '@keelson/registry';

export const service = 'image-builder';

export type BuildQueued = EventOf<'dev.cdevents.build.queued.0.3.0'>;

export type ImageBuilderDeps = {
  ledger: Ledger;
  client: RegistryClient;
  /** Where images go: host, and a path below it where there is one. */
  registryPrefix: string;
  /** Groups of addresses, each of one registry: images recorded under one of them count under all. */
  sameRegistry?: SameRegistry;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** How long a neighbour that is away is waited for before the run ends in an error. */
  patienceMs: number;
  /** Says to whoever watches why nothing happens. */
  notice: (run: string, message: string) => void;
};

export const instant = (ms: number): string => new Date(ms).toISOString();
