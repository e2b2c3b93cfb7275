import { composeEvent, eventTypes } from '@keelson/events';
import type { Event } from '@keelson/events';
import type { BeginRecord } from './records';
import { runFields } from './settle';

/** The event that tells of an attempt's begin, from its record: the same however often it is told. @param service who tells it */
export function runStarted(begin: BeginRecord, service: string): Event {
  return composeEvent({
    type: eventTypes.pipelineRunStarted,
    work: { run: begin.run, attempt: begin.attempt, stage: begin.from },
    service,
    subjectId: `${begin.run}/${begin.attempt}`,
    time: begin.openedAt,
    content: { pipelineName: begin.source, uri: `keelson:run:${begin.run}` },
    customData: { ...runFields(begin), name: begin.name },
  });
}
