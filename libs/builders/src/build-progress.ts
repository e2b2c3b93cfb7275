/** Whether a step's result was taken from the cache. */
export type StepCache = 'hit' | 'miss';

/** One step of a Dockerfile that can be cached, as the builder went through it. */
export type BuildStep = {
  /** The stage's name where it has one, else its number from 0. */
  stage: string;
  /** The instruction as the builder says it, build arguments filled in where the builder fills them in. */
  text: string;
  cache: StepCache;
};

/** What went wrong, told apart by who can do something about it and what helps. */
export type FailureClass =
  /** The user's: the Dockerfile cannot be read, is not there, has no such stage, or asks for what cannot be done or was not given. */
  | 'dockerfile'
  /** The user's: a command ended with another exit code than 0. */
  | 'step-failed'
  /** The user's: there is no such base image. */
  | 'base-not-found'
  /** The user's: the base image is there, and what is in it cannot be unpacked. */
  | 'base-unreadable'
  /** The user's: a file to copy is not in the context, or not at its URL. */
  | 'file-not-found'
  /** The user's: the registry wants other credentials, or these may not do it. */
  | 'registry-login'
  | 'rate-limited'
  /** The registry answered with an error of its own, or not as one. */
  | 'registry'
  | 'network'
  | 'disk-full'
  /** Nobody knows. */
  | 'unknown';

export type BuildFailure = {
  class: FailureClass;
  /** The builder's own words. */
  message: string;
  /** The instruction that failed. */
  step?: string;
  /** Its line in the Dockerfile, from 1. */
  line?: number;
  /** The last lines that it printed. */
  output: readonly string[];
};

/** What a builder's output says, once it has ended. */
export type BuildProgress = {
  steps: readonly BuildStep[];
  /** Of what it pushed, by its own account: the registry knows better. */
  digest?: string;
  /** The base images, as they were found. */
  bases: readonly { reference: string; digest?: string }[];
  /** What it says was wrong. A builder that was killed says nothing. */
  failure?: BuildFailure;
};

/** Reads a builder's output line by line, in bounded memory. */
export interface ProgressReader {
  line(text: string): void;
  end(): BuildProgress;
}
