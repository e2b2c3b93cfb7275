export { again, againLater, delays, emit, TerminalError } from './stage';
export type { Delay, Outcome, Stage } from './stage';
export type { Observer } from './observer';
export { StageTimeoutError, withDeadline, withTimeout } from './wrappers';
export type { DeadlineOptions } from './wrappers';
