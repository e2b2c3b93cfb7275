import type { StrategyName } from '@keelson/builders';
import type { Event, StageName } from '@keelson/events';
import type { LogLine } from '@keelson/logs';

/** Whose log a line is from. */
export type LogOrigin = {
  run: string;
  attempt: number;
  stage: StageName;
  name: string;
  /** What builds the run's Dockerfile, where that is what prints. */
  builder?: StrategyName;
};

/** What a person, or a machine, is told while the pipeline runs. Two run: for people and for machines. */
export interface Reporter {
  event(event: Event): Promise<void>;
  logLine(origin: LogOrigin, line: LogLine): Promise<void>;
  /** Why something waits, or what is odd, about a source or a run. */
  notice(about: string, message: string): Promise<void>;
  /** What no event tells and is no reason for concern. */
  fact(about: string, message: string): Promise<void>;
}
