export { commitId, digest, outcome, reason, runData, stageName } from './custom-data';
export type { Reason, RunData, RunOutcome, StageName } from './custom-data';
export { event, eventSchemas, eventTypes, MalformedEventError, parseEvent } from './event';
export type { Event, EventOf, EventType } from './event';
export { eventId, newRunId, workKeyText } from './identity';
export type { WorkKey } from './identity';
export { composeEvent } from './compose';
export type { EventParts } from './compose';
