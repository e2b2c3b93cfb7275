import type { ManifestJob } from '@keelson/jobs';
import type { BuildRequest } from './build-request';
import type { ProgressReader } from './build-progress';
import type { BuilderSettings, StrategyName } from './builder-settings';

/** One way to build a Dockerfile in a pod. */
export interface Builder {
  readonly strategy: StrategyName;
  /** The Job and what it needs beside it. @throws BuilderNotAllowedError */
  job(request: BuildRequest, settings: BuilderSettings): ManifestJob;
  /** For its output, init containers excluded or not. */
  reader(): ProgressReader;
  /** Whether it reads images in Docker's format only, and takes every FROM for one: a stage of the same Dockerfile, too. */
  readonly readsDockerOnly: boolean;
  /** Whether it leaves out of the context what `.dockerignore` says. */
  readonly readsIgnoreFile: boolean;
  /** Whether it pushes every destination itself; otherwise the first only. */
  readonly pushesAll: boolean;
}

/** The installation's configuration has no such builder. */
export class BuilderNotAllowedError extends Error {
  readonly code = 'builder-not-allowed';
  override readonly name = 'BuilderNotAllowedError';
  constructor(strategy: StrategyName) {
    super(
      `the strategy ${strategy} is not set up here: whoever runs Keelson names its image under builders.${strategy}`,
    );
  }
}
