import type { BlobCache } from '@keelson/git';
import type { Ledger } from '@keelson/ledger';
import type { Column } from '@keelson/pipeline';
import type { RegistryClient } from '@keelson/registry';
import type { SourceAccess } from './source-access';
import type { TemplateDeps } from './template-deps';

export const service = 'bootstrapper';

/** Where snapshots and images go. */
export type TargetRegistry = {
  /** Host, and a path below it where there is one, as pulls name it: `localhost:7070`, `registry.example/team`. */
  prefix: string;
  /** Host and port as pods reach it, where that is another than in the prefix. */
  podAddress?: string | undefined;
  /** How source layers are stored there. */
  codec: 'none' | 'gzip-1';
};

export type BootstrapperDeps = {
  ledger: Ledger;
  client: RegistryClient;
  registry: TargetRegistry;
  sources: SourceAccess;
  /** What files of earlier commits hold. Absent: git is asked for all of them, each time. */
  blobs?: BlobCache | undefined;
  column: Column;
  /** Absent: no templates, as where there is no cluster. */
  templates?: TemplateDeps | undefined;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** How long a neighbour that is away is waited for before the run ends in an error. */
  patienceMs: number;
  /** Says to whoever watches why nothing happens, or what is odd. */
  notice: (run: string, message: string) => void;
};
