import { workKeyText } from '@keelson/events';
import type { StageName, WorkKey } from '@keelson/events';
import { z } from 'zod';
import { segment, sequenceText } from './key';
import type { RecordKey } from './key';
import {
  baseRecord,
  beginRecord,
  buildVerified,
  changeRecord,
  endRecord,
  imageRecord,
  inboxRecord,
  openRecord,
  stageEnded,
  stageStarted,
  watchRecord,
  type BaseRecord,
  type BeginRecord,
  type BuildVerified,
  type ChangeRecord,
  type EndRecord,
  type ImageRecord,
  type InboxRecord,
  type OpenRecord,
  type StageEnded,
  type StageStarted,
  type WatchRecord,
} from './records';

/** The key grammar: every path under which Keelson keeps something, in one place. See docs/adr/0005. */
const attemptPath = (run: string, attempt: number) => `runs/${segment(run)}/${attempt}`;

export const changesPrefix = (source: string, ref: string): string => `changes/${segment(source)}/${segment(ref)}/`;

export const changeKey = (source: string, ref: string, sequence: number): RecordKey<ChangeRecord> => ({
  path: `${changesPrefix(source, ref)}${sequenceText(sequence)}.json`,
  schema: changeRecord,
});

/** The plan's schema belongs to libs/pipeline and is handed in. */
export const planKey = <T>(run: string, schema: z.ZodType<T>): RecordKey<T> => ({
  path: `runs/${segment(run)}/plan.json`,
  schema,
});

/** What a stage's Job template was rendered to. The schema belongs to libs/pipeline, as that of the plan. */
export const manifestKey = <T>(run: string, stage: StageName, schema: z.ZodType<T>): RecordKey<T> => ({
  path: `runs/${segment(run)}/manifests/${stage}.json`,
  schema,
});

/** What a stage's Job template was rendered to, and refused. The schema belongs to libs/pipeline. See docs/adr/0029. */
export const refusedKey = <T>({ run, attempt, stage }: WorkKey, schema: z.ZodType<T>): RecordKey<T> => ({
  path: `${attemptPath(run, attempt)}/${stage}/refused.json`,
  schema,
});

export const beginKey = (run: string, attempt: number): RecordKey<BeginRecord> => ({
  path: `${attemptPath(run, attempt)}/begin.json`,
  schema: beginRecord,
});

export const endKey = (run: string, attempt: number): RecordKey<EndRecord> => ({
  path: `${attemptPath(run, attempt)}/end.json`,
  schema: endRecord,
});

export const stageStartedKey = ({ run, attempt, stage }: WorkKey): RecordKey<StageStarted> => ({
  path: `${attemptPath(run, attempt)}/${stage}/started.json`,
  schema: stageStarted,
});

export const stageEndedKey = ({ run, attempt, stage }: WorkKey): RecordKey<StageEnded> => ({
  path: `${attemptPath(run, attempt)}/${stage}/ended.json`,
  schema: stageEnded,
});

/** What became of a build that was made again without cache. See docs/adr/0022. */
export const buildVerifiedKey = ({ run, attempt }: { run: string; attempt: number }): RecordKey<BuildVerified> => ({
  path: `${attemptPath(run, attempt)}/build/verified.json`,
  schema: buildVerified,
});

export const openPrefix = (service: string): string => `open/${segment(service)}/`;

export const openKey = (service: string, work: WorkKey): RecordKey<OpenRecord> => ({
  path: `${openPrefix(service)}${segment(workKeyText(work))}`,
  schema: openRecord,
});

export const imageKey = (repository: string, digest: string, run: string): RecordKey<ImageRecord> => ({
  path: `images/${segment(repository)}/${segment(digest)}/${segment(run)}`,
  schema: imageRecord,
});

/** All runs that pushed this image. */
export const imagesPrefix = (repository: string, digest: string): string =>
  `images/${segment(repository)}/${segment(digest)}/`;

/** Chunks and manifest of one stage's log. */
export const logPrefix = ({ run, attempt, stage }: { run: string; attempt: number; stage: StageName }): string =>
  `logs/${segment(run)}/${attempt}/${stage}/`;

/** A file kept with an attempt, by its path in the work directory. */
export const artifactPath = (run: string, attempt: number, path: string): string =>
  `artifacts/${segment(run)}/${attempt}/${segment(path)}`;

/** A source and a pattern of its refs, as one text: what is watched. */
export const watchName = ({ source, pattern }: { source: string; pattern?: string | undefined }): string =>
  pattern === undefined ? source : `${source}^${pattern}`;

export const watchesPrefix = 'watches/';

export const watchKey = (name: string, sequence: number): RecordKey<WatchRecord> => ({
  path: `${watchesPrefix}${segment(name)}/${sequenceText(sequence)}.json`,
  schema: watchRecord,
});

export const basesPrefix = 'bases/';

export const basePrefix = (reference: string): string => `${basesPrefix}${segment(reference)}/`;

/** What the tag of a base was seen to point at. See docs/adr/0020. */
export const baseKey = (reference: string, sequence: number): RecordKey<BaseRecord> => ({
  path: `${basePrefix(reference)}${sequenceText(sequence)}.json`,
  schema: baseRecord,
});

/** An event from outside, by its CloudEvents identity. See docs/adr/0012. */
export const inboxKey = (source: string, id: string): RecordKey<InboxRecord> => ({
  path: `inbox/${segment(source)}/${segment(id)}.json`,
  schema: inboxRecord,
});
