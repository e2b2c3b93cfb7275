import { eventTypes } from '@keelson/events';
import type { Event, EventType, StageName } from '@keelson/events';

/** The event that tells of a stage's beginning; the build's end is the publishing's beginning. */
const beginsStage: Partial<Record<EventType, StageName>> = {
  [eventTypes.pipelineRunStarted]: 'source',
  [eventTypes.buildStarted]: 'build',
  [eventTypes.buildFinished]: 'publish',
  [eventTypes.testSuiteRunStarted]: 'test',
};
const endsStage: Partial<Record<EventType, StageName>> = {
  [eventTypes.buildQueued]: 'source',
  [eventTypes.buildFinished]: 'build',
  [eventTypes.artifactPublished]: 'publish',
  [eventTypes.testSuiteRunFinished]: 'test',
};

/** When an attempt's stages began and ended, as its events tell. */
export class RunTimes {
  #seenMs: number | undefined;
  readonly #began = new Map<StageName, number>();
  readonly #took = new Map<StageName, number>();

  /** Takes an event of this attempt into account. */
  add(event: Event): void {
    const atMs = Date.parse(event.time);
    if (event.type === eventTypes.changeMerged || event.type === eventTypes.pipelineRunStarted) this.#seenMs ??= atMs;
    const ended = endsStage[event.type];
    const began = beginsStage[event.type];
    if (ended !== undefined) this.#end(ended, atMs);
    if (began !== undefined) this.#began.set(began, atMs);
  }

  /** Milliseconds a stage took, or undefined when it did not run in this attempt. */
  took = (stage: StageName): number | undefined => this.#took.get(stage);

  /** Milliseconds since the change was seen. */
  since = (event: Event): number => Date.parse(event.time) - (this.#seenMs ?? Date.parse(event.time));

  /** All stages that ended, in their order. */
  all = (): readonly (readonly [StageName, number])[] => [...this.#took];

  #end(stage: StageName, atMs: number): void {
    const beganMs = this.#began.get(stage);
    if (beganMs !== undefined) this.#took.set(stage, atMs - beganMs);
  }
}
