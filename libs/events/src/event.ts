import { z } from 'zod';
import { MalformedEventError } from './malformed-event-error';
import * as schemas from './schemas';

/** Every event type, by its schema. The order is the order of a run. */
export const eventSchemas = [
  schemas.changeMerged,
  schemas.branchDeleted,
  schemas.pipelineRunStarted,
  schemas.buildQueued,
  schemas.buildStarted,
  schemas.buildFinished,
  schemas.artifactPackaged,
  schemas.artifactPublished,
  schemas.testSuiteRunQueued,
  schemas.testSuiteRunStarted,
  schemas.testSuiteRunFinished,
  schemas.pipelineRunFinished,
  schemas.baseMoved,
  schemas.runRetried,
  schemas.runCancelled,
  schemas.runRequested,
  schemas.sourceWatched,
  schemas.sourceUnwatched,
] as const;

/** Any event, told apart by its `type`. */
export const event = z.discriminatedUnion('type', eventSchemas);
export type Event = z.infer<typeof event>;
export type EventType = Event['type'];
/** The event of one type. */
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** Routing keys, by the names used in code. Bindings replace the version with `#`. */
export const eventTypes = {
  changeMerged: 'dev.cdevents.change.merged.0.3.0',
  branchDeleted: 'dev.cdevents.branch.deleted.0.3.0',
  pipelineRunStarted: 'dev.cdevents.pipelinerun.started.0.3.0',
  buildQueued: 'dev.cdevents.build.queued.0.3.0',
  buildStarted: 'dev.cdevents.build.started.0.3.0',
  buildFinished: 'dev.cdevents.build.finished.0.3.0',
  artifactPackaged: 'dev.cdevents.artifact.packaged.0.3.0',
  artifactPublished: 'dev.cdevents.artifact.published.0.3.0',
  testSuiteRunQueued: 'dev.cdevents.testsuiterun.queued.0.3.0',
  testSuiteRunStarted: 'dev.cdevents.testsuiterun.started.0.3.0',
  testSuiteRunFinished: 'dev.cdevents.testsuiterun.finished.0.3.0',
  pipelineRunFinished: 'dev.cdevents.pipelinerun.finished.0.3.0',
  baseMoved: 'dev.cdeventsx.keelson-base.moved.0.1.0',
  runRetried: 'dev.cdeventsx.keelson-run.retried.0.1.0',
  runCancelled: 'dev.cdeventsx.keelson-run.cancelled.0.1.0',
  runRequested: 'dev.cdeventsx.keelson-run.requested.0.1.0',
  sourceWatched: 'dev.cdeventsx.keelson-source.watched.0.1.0',
  sourceUnwatched: 'dev.cdeventsx.keelson-source.unwatched.0.1.0',
} as const satisfies Record<string, EventType>;

/** Parses one event from its JSON text or its decoded value. @throws MalformedEventError naming the faulty fields */
export function parseEvent(input: unknown): Event {
  const decoded = typeof input === 'string' ? decode(input) : input;
  const parsed = event.safeParse(decoded);
  if (parsed.success) return parsed.data;
  throw new MalformedEventError(`not an event of ours: ${z.prettifyError(parsed.error)}`, { cause: parsed.error });
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MalformedEventError('not an event of ours: the body is not JSON', { cause });
  }
}
