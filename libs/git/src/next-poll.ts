export type PollState = {
  /** Milliseconds since the epoch. */
  now: number;
  /** When the last look ended, milliseconds since the epoch; undefined: never looked. */
  last: number | undefined;
  /** Looks in a row that failed. */
  failures: number;
  /** What the remote asked for at the last look. */
  retryAfterMs?: number | undefined;
  intervalMs: number;
  /** From 0 to 1, chosen once per look: the same number must be given until the next look. */
  random: number;
};

export type PollDecision = {
  /** True when it is time to look. */
  due: boolean;
  /** When it is time, milliseconds since the epoch. */
  at: number;
  reason: 'first' | 'interval' | 'back-off' | 'retry-after' | 'clock-went-back';
};

const longestBackOffMs = 600_000;
const jitter = 0.2;

/** Is it time to look at a remote? Intervals vary by a tenth either way, so that many repositories do not come at once. */
export function nextPoll(state: PollState): PollDecision {
  const { now, last } = state;
  if (last === undefined) return { due: true, at: now, reason: 'first' };
  if (last > now) return { due: true, at: now, reason: 'clock-went-back' };
  const { waitMs, reason } = waitOf(state);
  const at = last + Math.round(waitMs);
  return { due: now >= at, at, reason };
}

function waitOf(state: PollState): { waitMs: number; reason: PollDecision['reason'] } {
  const { failures, intervalMs, retryAfterMs } = state;
  const spread = 1 + jitter * (state.random - 0.5);
  const backOffMs = Math.min(intervalMs * 2 ** Math.min(failures, 20), Math.max(longestBackOffMs, intervalMs));
  const waitMs = (failures === 0 ? intervalMs : backOffMs) * spread;
  // Never earlier than asked, and not all at the same moment afterwards.
  if (retryAfterMs !== undefined && retryAfterMs * (1 + jitter * state.random) > waitMs) {
    return { waitMs: retryAfterMs * (1 + jitter * state.random), reason: 'retry-after' };
  }
  return { waitMs, reason: failures === 0 ? 'interval' : 'back-off' };
}
