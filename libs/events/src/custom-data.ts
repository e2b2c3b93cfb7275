import { z } from 'zod';

/** A lower-case SHA-1 or SHA-256 object name, as git prints it. */
export const commitId = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'not a full commit id');

/** An OCI content digest. */
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'not a sha256 digest');

/** The stages of a run, in their order. */
export const stageName = z.enum(['source', 'build', 'publish', 'test']);
export type StageName = z.infer<typeof stageName>;

/** How a run, an attempt or a stage can end. `superseded` and `skipped` are reasons, not outcomes. */
export const outcome = z.enum(['success', 'failure', 'cancel', 'error']);
export type RunOutcome = z.infer<typeof outcome>;

/** Why something ended as it did: a stable code for machines, one sentence for people. */
export const reason = z.object({ code: z.string().min(1), message: z.string().min(1).max(4096) });
export type Reason = z.infer<typeof reason>;

/** What CDEvents has no field for. Every event of a run carries it, so that no consumer needs a second look-up to know what it is about. */
export const runData = z.object({
  run: z.uuid(),
  attempt: z.int().min(1),
  /** The watched repository, as it was named: a URL or an absolute path, without credentials. */
  source: z.string().min(1),
  /** The full ref name, `refs/heads/main`. */
  ref: z.string().min(1),
  commit: commitId,
  /** The place of this change among the changes of its ref, from 1. A greater one supersedes. */
  sequence: z.int().min(1),
});
export type RunData = z.infer<typeof runData>;

/** A run once its source is frozen. */
export const snapshotData = runData.extend({ snapshot: z.object({ reference: z.string(), digest }) });

/** A run once its image exists. */
export const imageData = runData.extend({
  image: z.object({
    /** Registry and repository without tag or digest, by the pull name. */
    repository: z.string().min(1),
    tag: z.string().optional(),
    digest,
  }),
});

/** A stage that began. */
export const startedData = runData.extend({ stage: stageName });

/** A stage or a run that ended. */
export const finishedData = runData.extend({ stage: stageName, outcome, reason: reason.optional() });
