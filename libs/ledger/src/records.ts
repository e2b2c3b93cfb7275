import { commitId, digest, event, outcome, reason, runData, stageName } from '@keelson/events';
import { z } from 'zod';

const instant = z.iso.datetime({ offset: true });

/** A base's tag points at another digest than an image was built on. */
const movedBase = z.object({ reference: z.string().min(1), from: digest, to: digest });
export type MovedBase = z.infer<typeof movedBase>;

/** A ref was seen to move. Written by the watcher before anyone hears of it. */
export const changeRecord = z.object({
  /** The run this change starts; also minted for a deletion, which starts none. */
  run: z.uuid(),
  name: z.string().min(1),
  source: z.string().min(1),
  ref: z.string().min(1),
  sequence: z.int().min(1),
  /** `baseline`: a head taken as the place to start from, not built; it has no run. `rebuilt`: the same commit again, for a base moved. */
  kind: z.enum(['baseline', 'created', 'advanced', 'forced', 'deleted', 'requested', 'rebuilt']),
  /** Null when the ref is gone. */
  commit: commitId.nullable(),
  previous: commitId.nullable(),
  /** Commits that came with this one and are accounted for by it, oldest first. */
  contained: z.array(commitId),
  /** Of a rebuilt one: the bases that had moved, which is why. */
  bases: z.array(movedBase).optional(),
  seenAt: instant,
});
export type ChangeRecord = z.infer<typeof changeRecord>;

/** An attempt was opened. */
export const beginRecord = runData.extend({
  name: z.string().min(1),
  /** The stage this attempt starts at; what lies before is taken from the attempts before. */
  from: stageName,
  openedBy: z.string().min(1),
  openedAt: instant,
  because: z.string().optional(),
});
export type BeginRecord = z.infer<typeof beginRecord>;

/** An attempt has ended. The first writer publishes the end. */
export const endRecord = runData.extend({
  name: z.string().min(1),
  outcome,
  reason: reason.optional(),
  /** The stage it ended in. */
  stage: stageName,
  endedBy: z.string().min(1),
  endedAt: instant,
});
export type EndRecord = z.infer<typeof endRecord>;

/** A stage began to work. */
export const stageStarted = z.object({ stage: stageName, startedAt: instant });
export type StageStarted = z.infer<typeof stageStarted>;

/** An image by registry, repository and digest; `tags` are those it was pushed with. */
export const imageValue = z.object({ repository: z.string().min(1), digest, tags: z.array(z.string()) });

/** What a log's manifest says, repeated where people look for it. */
export const logSummary = z.object({
  lines: z.int().min(0),
  bytes: z.int().min(0),
  sha256: z.string(),
  complete: z.boolean(),
});

/** A file kept with an attempt, as numbered objects below `key`. */
export const artifactValue = z.object({
  path: z.string().min(1),
  sizeBytes: z.int().min(0),
  key: z.string().min(1),
  segments: z.int().min(0),
});
export type ArtifactValue = z.infer<typeof artifactValue>;

/** A step of a Dockerfile that can be cached: taken from the cache, or run, and then the first input that had changed. */
export const buildStep = z.object({
  stage: z.string(),
  text: z.string(),
  cache: z.enum(['hit', 'miss']),
  because: z.string().optional(),
});
export type BuildStepValue = z.infer<typeof buildStep>;

/** What a builder did, by its own account and the registry's. */
export const buildReport = z.object({
  strategy: z.string(),
  steps: z.array(buildStep),
  /** The base images as they were found. */
  bases: z.array(z.object({ reference: z.string(), digest: digest.optional() })),
  /** Of the image's layers: those that the image before did not have, and those that it had. */
  bytes: z.object({ pushed: z.int().min(0), skipped: z.int().min(0) }).optional(),
});
export type BuildReport = z.infer<typeof buildReport>;

/** A build that was made again without cache, and whether its files were the same. Nothing depends on it but what people are told. */
export const buildVerified = z.object({
  outcome: z.enum(['same', 'different', 'unknown']),
  /** How many paths differ, and the first of them by name. */
  count: z.int().min(0),
  differences: z.array(z.object({ path: z.string(), what: z.enum(['changed', 'only-cached', 'only-uncached']) })),
  /** Why it is unknown. */
  reason: z.string().optional(),
  verifiedAt: instant,
});
export type BuildVerified = z.infer<typeof buildVerified>;

/** A stage has ended, with everything its events say. */
export const stageEnded = z.object({
  stage: stageName,
  outcome,
  reason: reason.optional(),
  startedAt: instant,
  endedAt: instant,
  exitCode: z.int().optional(),
  snapshot: z.object({ reference: z.string().min(1), digest }).optional(),
  image: imageValue.optional(),
  build: buildReport.optional(),
  log: logSummary.optional(),
  artifacts: z.array(artifactValue).optional(),
  warnings: z.array(z.string()).optional(),
});
export type StageEnded = z.infer<typeof stageEnded>;

/** Work that a service has taken on and not finished: the event that asked for it. Deleted when the work is reported. */
export const openRecord = z.object({
  event,
  openedAt: instant,
  /** A later attempt waits until then. */
  notBefore: instant.optional(),
  /** The greater one is begun first; 0 when absent. */
  priority: z.int().optional(),
});
export type OpenRecord = z.infer<typeof openRecord>;

/** An image of ours, written before any tag points at it: our own push is never taken for foreign. */
export const imageRecord = z.object({ run: z.uuid(), attempt: z.int().min(1), repository: z.string().min(1), digest });
export type ImageRecord = z.infer<typeof imageRecord>;

/** A source is watched, or is not any more. Of the records of one source and pattern, the one with the greatest number counts. */
export const watchRecord = z.object({
  /** As in change records: an absolute path, or a URL without credentials. */
  source: z.string().min(1),
  pattern: z.string().min(1).optional(),
  sequence: z.int().min(1),
  isWatched: z.boolean(),
  /** The id of the event that asked for it. */
  event: z.string().min(1),
  askedAt: instant,
});
export type WatchRecord = z.infer<typeof watchRecord>;

/** A base's tag was seen to point at another digest. Of the records of one reference, the one with the greatest number counts. */
export const baseRecord = z.object({
  /** In full, with its tag. */
  reference: z.string().min(1),
  sequence: z.int().min(1),
  digest,
  /** In the first record what an image in use was built on, if that is another digest; else null. */
  previous: digest.nullable(),
  seenAt: instant,
});
export type BaseRecord = z.infer<typeof baseRecord>;

/** What an event from outside was given when it first came, so that it has its effect once however often it comes. */
export const inboxRecord = z.object({
  source: z.string().min(1),
  id: z.string().min(1),
  type: z.string().min(1),
  /** The run it began or is about; the chain of what was asked for else. */
  chain: z.uuid(),
  /** The attempt it asks for, or asks to end. */
  attempt: z.int().min(1).optional(),
  receivedAt: instant,
});
export type InboxRecord = z.infer<typeof inboxRecord>;
