import type { Measured, Skipped } from './figure';

export type Outcome = Measured | Skipped | { failed: string };

/** What became of one figure. */
export type FigureResult = { name: string; title: string; outcome: Outcome };
