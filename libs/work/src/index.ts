export { inTurn, priorityOf } from './turn';
export { workAtHand } from './work-at-hand';
export type { WorkAtHand } from './work-at-hand';
export { instant } from './work-kind';
export type { EndedWork, Kept, OpenWork, Verdict, WorkDeps, WorkEvent, WorkKind } from './work-kind';
export { WorkObserver, workStateKey } from './work-observer';
export type { WorkState } from './work-observer';
