import type { BuilderSettings } from '@keelson/builders';
import type { EventOf } from '@keelson/events';
import type { BuildReport, BuildVerified, Ledger, SameRegistry } from '@keelson/ledger';
import type { TemplateMeans } from '@keelson/pipeline';
import type { RegistryClient } from '@keelson/registry';
import type { WorkDeps } from '@keelson/work';

export const service = 'image-builder';

export type BuildQueued = EventOf<'dev.cdevents.build.queued.0.3.0'>;

/** Under this name lie the images whose moving tag is to be looked at. */
export const tagService = 'image-builder-tags';

/** Under this name lie the builds that are to be made again without cache, to be compared. */
export const verifyService = 'image-builder-verify';

/** What builds that are jobs need; without it there are none. */
export type BuildWork = Omit<WorkDeps, 'ledger' | 'clock'> & {
  /** How long to wait before each further attempt after an error of ours; its length is the number of further attempts. */
  retryDelaysMs: readonly number[];
  /** Which builders there are; absent: none. */
  builders?: BuilderSettings;
  /** What it takes to run Job templates; absent: none is run here. */
  templates?: TemplateSettings | undefined;
  /** Told of each image that was built, for metrics. */
  built?: (build: { project: string; hits: number; misses: number; bytes: BuildReport['bytes'] }) => void;
  /** Told of each build that was compared with one without cache, for metrics. */
  verified?: (build: { project: string; outcome: BuildVerified['outcome'] }) => void;
  /**
   * Docker's config.json for a builder that reads from and pushes to these registries, made anew for each build; absent: they need none.
   * @throws CredentialsError
   */
  dockerConfig?: (
    wanted: { registries: readonly string[]; bases: () => Promise<readonly string[]> },
    signal: AbortSignal,
  ) => Promise<string | undefined>;
};

export type TemplateSettings = TemplateMeans & {
  /** How long such a build may take. */
  timeoutMs: number;
};

export type ImageBuilderDeps = {
  ledger: Ledger;
  client: RegistryClient;
  /** Where images go: host, and a path below it where there is one. */
  registryPrefix: string;
  /** Groups of addresses, each of one registry: images recorded under one of them count under all. */
  sameRegistry?: SameRegistry;
  work?: BuildWork;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** How long a neighbour that is away is waited for before the run ends in an error. */
  patienceMs: number;
  /** Says to whoever watches why nothing happens. */
  notice: (run: string, message: string) => void;
};

export const instant = (ms: number): string => new Date(ms).toISOString();
