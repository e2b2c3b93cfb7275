/** Waits that double, from a first one up to a longest one. */
export type BackOff = { firstMs: number; maxMs: number };

/** The wait after this many failures in a row, counted from 1. */
export function backOffMs({ firstMs, maxMs }: BackOff, failures: number): number {
  return Math.min(firstMs * 2 ** (failures - 1), maxMs);
}
