import { z } from 'zod';

/** What outsiders can tell: the CDEvents type without its prefix and version. Whether it is taken or refused is up to the watcher. */
export const outsideKinds = [
  'change.merged',
  'branch.created',
  'branch.deleted',
  'artifact.packaged',
  'artifact.published',
  'build.queued',
  'build.started',
  'build.finished',
  'testsuiterun.queued',
  'testsuiterun.started',
  'testsuiterun.finished',
  'pipelinerun.queued',
  'pipelinerun.started',
  'pipelinerun.finished',
  'keelson-run.retried',
  'keelson-run.cancelled',
  'keelson-source.watched',
  'keelson-source.unwatched',
] as const;

const kind = z.enum(outsideKinds);
export type OutsideKind = z.infer<typeof kind>;

/** Any version before 1.0 of any type, drafts included: little is read of an outsider's event, and that little has not changed. */
const typeForm = /^dev\.cdeventsx?\.([a-z0-9-]+\.[a-z0-9-]+)\.0\.\d{1,9}\.\d{1,9}(?:-[a-z0-9.-]+)?$/;

/** The kind of an event type; undefined when it is none that an outsider can tell. */
export function outsideKindOf(type: string): OutsideKind | undefined {
  return kind.safeParse(typeForm.exec(type)?.[1]).data;
}
