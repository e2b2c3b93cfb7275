import type { z } from 'zod';

/** Where a record lives and what it is: the schema travels with the key, so nothing is read unchecked. */
export type RecordKey<T> = { path: string; schema: z.ZodType<T> };

/**
 * One key segment from any text: percent-encoded as encodeURIComponent does, and a leading dot too,
 * so that `.` and `..` are ordinary names.
 */
export function segment(text: string): string {
  return encodeURIComponent(text).replace(/^\./, '%2E');
}

/** The text a segment was made from. @throws URIError when it was not made by `segment` */
export const unsegment = (encoded: string): string => decodeURIComponent(encoded);

/** A sequence number in a key: 12 digits, so that byte order is number order. */
export const sequenceText = (sequence: number): string => String(sequence).padStart(12, '0');
