import type { EventOf } from '@keelson/events';
import type { Ledger, ChangeRecord } from '@keelson/ledger';
import type { Source } from '@keelson/git';
import type { RegistryClient } from '@keelson/registry';
import type { Heads } from './heads';

export const service = 'watcher';

export type RunRequested = EventOf<'dev.cdeventsx.keelson-run.requested.0.1.0'>;

export type SourceWatched = EventOf<'dev.cdeventsx.keelson-source.watched.0.1.0'>;
export type SourceUnwatched = EventOf<'dev.cdeventsx.keelson-source.unwatched.0.1.0'>;

export type WatcherDeps = {
  ledger: Ledger;
  /** Asks registries which image a tag names. */
  client: Pick<RegistryClient, 'head'>;
  /** How long an image that an outsider told of may be missing, or its registry away, before the event is given up. */
  patienceMs: number;
  /** Watched as long as this process runs. */
  sources: readonly Source[];
  /** Whether sources that the records name are watched as well. */
  isFollowingRecords: boolean;
  /** How often the records are read for sources to watch, without a hint. */
  recordsIntervalMs: number;
  /** Reads refs and histories, of local and remote repositories. */
  heads: Heads;
  /** What to do with a head that is there at the first look: build it, or wait for the next one. */
  from: 'head' | 'now';
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** How often a local repository is looked at without a hint. */
  localIntervalMs: number;
  /** How often a remote repository is looked at, before jitter and back-off. */
  remoteIntervalMs: number;
  /** How long one slow look is waited for before what the others found is told; 3 s, when absent. */
  lookPatienceMs?: number;
  /** 0 to 1, for jitter. */
  random: () => number;
  /** Says to whoever watches why nothing happens. */
  notice: (source: string, message: string) => void;
  /** Told whenever every head of a source is recorded and told: its present changes. Empty when nothing matches. */
  looked: (source: Source, changes: readonly ChangeRecord[]) => void;
  /** Told whenever a source could not be read, how often in a row, and whether waiting can help. */
  unreadable: (source: Source, failures: number, isPassing: boolean) => void;
};

export const instant = (ms: number): string => new Date(ms).toISOString();
