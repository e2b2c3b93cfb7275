import { composeEvent, eventTypes } from '@keelson/events';
import { time } from './runner-fixture.contract';
import type { RunCancelled } from './stage';

/** Somebody asks for the run to end. */
export const cancelled = (run: string): RunCancelled =>
  composeEvent({
    ...{ type: eventTypes.runCancelled, work: { run, attempt: 1, stage: 'test' }, service: 'command' },
    ...{ subjectId: run, content: {}, time, customData: { run } },
  });
