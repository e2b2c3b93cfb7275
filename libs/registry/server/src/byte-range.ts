/** First to last byte, inclusive, from 0. */
export type Range = { first: number; last: number };

const asked = /^bytes=(\d*)-(\d*)$/;
const chunk = /^(?:bytes[ =])?(\d+)-(\d+)(?:\/(?:\*|\d+))?$/;

/**
 * What a Range header asks of content of this size. `whole` when there is none, or one that may be ignored (RFC 9110, 14.2:
 * another unit, several ranges); `unsatisfiable` also for a range that ends before it begins.
 */
export function requestedRange(header: string | undefined, sizeBytes: number): Range | 'whole' | 'unsatisfiable' {
  const [, from, to] = asked.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return 'whole';
  const range =
    from === ''
      ? { first: Math.max(0, sizeBytes - Number(to)), last: sizeBytes - 1 }
      : { first: Number(from), last: Math.min(to === '' ? Infinity : Number(to), sizeBytes - 1) };
  return range.first > range.last ? 'unsatisfiable' : range;
}

/** The Content-Range of an upload's chunk, `first-last`, with or without the unit. Undefined when it is malformed. */
export function chunkRange(header: string): Range | undefined {
  const [, from, to] = chunk.exec(header) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const range = { first: Number(from), last: Number(to) };
  return Number.isSafeInteger(range.last) && range.first <= range.last ? range : undefined;
}
