import { z } from 'zod';
import { cloudEvent } from './cdevent';
import {
  commitId,
  digest,
  finishedData,
  imageData,
  runData,
  snapshotData,
  stageName,
  startedData,
} from './custom-data';

const environment = z.object({ id: z.string().min(1), source: z.string().optional() });
const testSuite = z.object({ id: z.string().min(1), name: z.string().optional() });
const repository = z.object({ id: z.string().min(1), source: z.string().optional() });
const outcome = finishedData.shape.outcome;

/** A ref moved; the watcher has recorded it and minted the run. */
export const changeMerged = cloudEvent({
  type: 'dev.cdevents.change.merged.0.3.0',
  subject: 'change',
  content: z.object({ repository: repository.optional() }),
  customData: runData,
});

/** A ref is gone. Recorded, and told; it starts nothing. */
export const branchDeleted = cloudEvent({
  type: 'dev.cdevents.branch.deleted.0.3.0',
  subject: 'branch',
  content: z.object({ repository: repository.optional() }),
  customData: runData.pick({ source: true, ref: true, sequence: true }),
});

/** The run has begun: its name and where it came from. */
export const pipelineRunStarted = cloudEvent({
  type: 'dev.cdevents.pipelinerun.started.0.3.0',
  subject: 'pipelineRun',
  content: z.object({ pipelineName: z.string().min(1), uri: z.string().min(1) }),
  customData: runData.extend({ name: z.string().min(1) }),
});

/** The source is frozen in the registry and the plan is written. */
export const buildQueued = cloudEvent({
  type: 'dev.cdevents.build.queued.0.3.0',
  subject: 'build',
  content: z.object({}),
  customData: snapshotData,
});

export const buildStarted = cloudEvent({
  type: 'dev.cdevents.build.started.0.3.0',
  subject: 'build',
  content: z.object({}),
  customData: startedData,
});

export const buildFinished = cloudEvent({
  type: 'dev.cdevents.build.finished.0.3.0',
  subject: 'build',
  content: z.object({ artifactId: z.string().optional() }),
  customData: finishedData,
});

/** The image is pushed. */
export const artifactPackaged = cloudEvent({
  type: 'dev.cdevents.artifact.packaged.0.3.0',
  subject: 'artifact',
  content: z.object({ change: z.object({ id: z.string().min(1), source: z.string().optional() }) }),
  customData: imageData,
});

/** The image can be pulled, by digest. */
export const artifactPublished = cloudEvent({
  type: 'dev.cdevents.artifact.published.0.3.0',
  subject: 'artifact',
  content: z.object({}),
  customData: imageData,
});

/** The test waits for its place. */
export const testSuiteRunQueued = cloudEvent({
  type: 'dev.cdevents.testsuiterun.queued.0.3.0',
  subject: 'testSuiteRun',
  content: z.object({ environment, testSuite: testSuite.optional() }),
  customData: startedData,
});

export const testSuiteRunStarted = cloudEvent({
  type: 'dev.cdevents.testsuiterun.started.0.3.0',
  subject: 'testSuiteRun',
  content: z.object({ environment, testSuite: testSuite.optional() }),
  customData: startedData,
});

export const testSuiteRunFinished = cloudEvent({
  type: 'dev.cdevents.testsuiterun.finished.0.3.0',
  subject: 'testSuiteRun',
  content: z.object({ environment, testSuite: testSuite.optional(), outcome, reason: z.string().optional() }),
  customData: finishedData,
});

/** The attempt has ended: published by whoever wrote its end record. */
export const pipelineRunFinished = cloudEvent({
  type: 'dev.cdevents.pipelinerun.finished.0.3.0',
  subject: 'pipelineRun',
  content: z.object({
    pipelineName: z.string().min(1),
    uri: z.string().min(1),
    outcome,
    errors: z.string().optional(),
  }),
  customData: finishedData.extend({ name: z.string().min(1) }),
});

/** The tag of a base in use points at another digest. Whoever builds on it is told by `change.merged`. */
export const baseMoved = cloudEvent({
  type: 'dev.cdeventsx.keelson-base.moved.0.1.0',
  subject: 'keelson-base',
  content: z.object({}),
  /** `reference` in full, with its tag; `sequence` counts the moves of that base. */
  customData: z.object({ reference: z.string().min(1), sequence: z.int().min(1), from: digest, to: digest }),
});

/** Somebody asks for another attempt of a run. */
export const runRetried = cloudEvent({
  type: 'dev.cdeventsx.keelson-run.retried.0.1.0',
  subject: 'keelson-run',
  content: z.object({}),
  /** `attempt` is the one to open; `from` the stage it starts at, by default the one that ended the attempt before. */
  customData: z.object({ run: z.uuid(), attempt: z.int().min(2), from: stageName.optional() }),
});

/** Somebody asks for a run to end now. */
export const runCancelled = cloudEvent({
  type: 'dev.cdeventsx.keelson-run.cancelled.0.1.0',
  subject: 'keelson-run',
  content: z.object({}),
  customData: z.object({ run: z.uuid() }),
});

/** Somebody asks for a run of a commit as it stands in a repository of this machine, a dirty tree included. */
export const runRequested = cloudEvent({
  type: 'dev.cdeventsx.keelson-run.requested.0.1.0',
  subject: 'keelson-run',
  content: z.object({}),
  customData: z.object({
    run: z.uuid(),
    source: z.string().min(1),
    ref: z.string().min(1),
    commit: commitId,
  }),
});

/** What to watch: `source` as in records (an absolute path, or a URL without credentials), `pattern` of its refs. */
const watched = z.object({ source: z.string().min(1), pattern: z.string().min(1).optional() });

/** Somebody asks for a repository to be watched, from now on and after restarts. */
export const sourceWatched = cloudEvent({
  type: 'dev.cdeventsx.keelson-source.watched.0.1.0',
  subject: 'keelson-source',
  content: z.object({}),
  customData: watched,
});

/** Somebody asks for a repository not to be watched any more. What it started goes on. */
export const sourceUnwatched = cloudEvent({
  type: 'dev.cdeventsx.keelson-source.unwatched.0.1.0',
  subject: 'keelson-source',
  content: z.object({}),
  customData: watched,
});
