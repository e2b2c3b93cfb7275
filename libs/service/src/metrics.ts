/** What a stage did with one delivery. */
export type DeliveryMetric = {
  service: string;
  type: string;
  /** `error` is retried, `terminal` is not. */
  outcome: 'emit' | 'again' | 'error' | 'terminal';
  stageMs: number;
  /** From publishing to the first hand-out; undefined for later ones. */
  waitMs: number | undefined;
  /** Whether the delivery had failed before. */
  retried: boolean;
};

/** One Dockerfile's build: its steps from the cache and run anew, and bytes of its layers. */
export type BuildMetric = {
  service: string;
  /** The source that is watched. */
  project: string;
  hits: number;
  misses: number;
  bytes: { pushed: number; skipped: number } | undefined;
};

export type VerifiedMetric = { service: string; project: string; outcome: 'same' | 'different' | 'unknown' };

/** What a service tells of itself. Prometheus is one listener; nothing else here knows of it. */
export type Metrics = {
  delivered(delivery: DeliveryMetric): void;
  parked(parked: { service: string; type: string; code: string }): void;
  /** One look of an observer at everything there is. */
  passed(pass: { service: string; observer: string; ok: boolean }): void;
  /** One item reported, or not. */
  reported(report: { service: string; observer: string; ok: boolean }): void;
  built(build: BuildMetric): void;
  /** A build made again without cache was compared with the one before. */
  verified(build: VerifiedMetric): void;
};

/** Listens to nothing. */
export const noMetrics: Metrics = {
  delivered: () => undefined,
  parked: () => undefined,
  passed: () => undefined,
  reported: () => undefined,
  built: () => undefined,
  verified: () => undefined,
};
