/** A file from a Secret of the namespace: for `RUN --mount=type=secret`, or, with `ssh`, a key for `RUN --mount=type=ssh`. */
export type BuildSecret = { secret: string; key: string; ssh?: boolean | undefined };

/** What is to be built, from what, and where it goes. */
export type BuildRequest = {
  /** The job's name. */
  name: string;
  /** The snapshot's layer, and the directory in it that is the source's root. */
  source: { repository: string; digest: string; prefix: string };
  /** Path below the source's root. */
  dockerfile: string;
  /** What is built instead of that file's text, where a builder needs another one. */
  dockerfileText?: string;
  /** Directory below the source's root; `.` is the root. */
  context: string;
  target?: string;
  args: Readonly<Record<string, string>>;
  labels: Readonly<Record<string, string>>;
  platforms: readonly string[];
  secrets: Readonly<Record<string, BuildSecret>>;
  /** Names with tags; the first is the run's own image. */
  destinations: readonly [string, ...string[]];
  /** `registry`: in a repository of its own; `inline`: in the image; `none`: every step is run. */
  cache: 'registry' | 'inline' | 'none';
  /** The newest image of the same ref: with `inline` its layers are the cache. */
  imageBefore: string;
  /** Repository for cached layers, without tag. */
  cacheRepository: string;
  /** Docker's config.json with what this build may read and push; absent: everybody may. */
  dockerConfig?: string;
  /** Of the commit, seconds since the epoch: when the image was made, for builders that can be told. */
  epochSeconds?: number;
  /** What the builder prints last of all when it has ended well, where it can be made to: see `ManifestJob`. */
  lastLine?: string;
};
