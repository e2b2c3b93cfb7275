/** The value below which this share of all lies, interpolated between neighbours. @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) throw new Error('nothing was measured');
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The milliseconds that something takes. */
export async function timed<T>(work: () => Promise<T> | T): Promise<{ ms: number; result: T }> {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
}

/** From when to when, milliseconds. */
export type Span = readonly [number, number];

/** The share of a number of places that was taken in a window. More spans at once than places count as all places. */
export function shareTaken(spans: readonly Span[], places: number, [from, to]: Span): number {
  const marks = [...new Set([from, to, ...spans.flat()])]
    .filter((mark) => mark >= from && mark <= to)
    .sort((a, b) => a - b);
  const takenMs = marks.slice(1).reduce((sum, end, at) => {
    const begin = marks[at] ?? end;
    const running = spans.filter(([start, stop]) => start <= begin && stop >= end).length;
    return sum + (end - begin) * Math.min(running, places);
  }, 0);
  return takenMs / (places * (to - from));
}
