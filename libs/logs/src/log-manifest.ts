import type { ObjectStore } from '@keelson/objects';
import { z } from 'zod';
import { LogDamagedError } from './log-errors';
import { manifestKey } from './log-key';

/** A part of the output that is missing: from a line (counted from 0) or a time on, and why. */
export const logGap = z.object({
  fromLine: z.int().min(0).optional(),
  /** RFC 3339. */
  fromTime: z.iso.datetime({ offset: true }).optional(),
  reason: z.string().min(1).max(4096),
});
export type LogGap = z.infer<typeof logGap>;

/** What a log holds, written when nothing more will come. `bytes` and `sha256` are of the output itself, without times. */
export const logManifest = z
  .object({
    version: z.literal(1),
    chunks: z.int().min(0),
    /** Lines of the output; a last one without line end counts. */
    lines: z.int().min(0),
    /** LogLines as the source gave them: more than `lines` where long lines came in pieces. */
    pieces: z.int().min(0),
    bytes: z.int().min(0),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    complete: z.boolean(),
    gaps: z.array(logGap),
  })
  .refine(({ complete, gaps }) => complete === (gaps.length === 0), 'a log is complete when it has no gaps');
export type LogManifest = z.infer<typeof logManifest>;

/** Where a log lies. The prefix ends in `/`. */
export type LogPlace = { store: ObjectStore; prefix: string };

/** The manifest; undefined while the log is being written, or when there is no log. @throws LogDamagedError */
export async function readManifest({ store, prefix }: LogPlace): Promise<LogManifest | undefined> {
  const bytes = await store.get(manifestKey(prefix));
  return bytes === undefined ? undefined : parseManifest(bytes, prefix);
}

/** @throws LogDamagedError */
export function parseManifest(bytes: Uint8Array, prefix: string): LogManifest {
  try {
    return logManifest.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new LogDamagedError(`${manifestKey(prefix)} is not the manifest of a log`, { cause });
  }
}
