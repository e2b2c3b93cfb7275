import type { OpenRecord } from '@keelson/ledger';

/** Whether work that waits for its time may begin. */
export function isDue({ openedAt, notBefore }: OpenRecord, nowMs: number): boolean {
  if (notBefore === undefined) return true;
  const waitMs = Date.parse(notBefore) - nowMs;
  // Further away than was ever asked for: the clock was set back.
  return waitMs <= 0 || waitMs > Date.parse(notBefore) - Date.parse(openedAt);
}

/** How long until the next of them may begin; undefined when none waits for its time. */
export function nextDueMs(opens: readonly OpenRecord[], nowMs: number): number | undefined {
  const later = opens.map(({ notBefore }) => Date.parse(notBefore ?? '') - nowMs).filter((waitMs) => waitMs > 0);
  return later.length === 0 ? undefined : Math.min(...later);
}
