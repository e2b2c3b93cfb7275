/** One number that was measured, and what it should be. */
export type Measure = {
  name: string;
  value: number;
  /** `ms`, `MB/s`, `x` for a ratio, ... */
  unit: string;
  aim?: { atMost: number } | { atLeast: number };
};

export type Measured = {
  measures: readonly Measure[];
  /** What a reader must know to believe the numbers. */
  notes?: readonly string[];
};

/** Why nothing could be measured on this machine. */
export type Skipped = { skipped: string };

/** Where a figure works, and how it leaves nothing behind. */
export type Workplace = {
  /** Empty at first, removed afterwards. */
  directory: string;
  /** Done when the figure has ended, the last first, also when it failed. */
  defer(close: () => unknown): void;
  /** Says what takes long. */
  tell(what: string): void;
};

/** One question about cost. Each runs in a process of its own. */
export type Figure = {
  name: string;
  title: string;
  /** It is ended, and counts as failed, after so many seconds. */
  limitSeconds: number;
  measure(place: Workplace): Promise<Measured | Skipped>;
};

/** True when there is no aim, too. */
export function isMet({ value, aim }: Measure): boolean {
  if (aim === undefined) return true;
  return 'atMost' in aim ? value <= aim.atMost : value >= aim.atLeast;
}
