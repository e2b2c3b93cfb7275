import { ChangeHints } from './change-hints';
import { entriesOf, tag } from './chunk';
import { LogDamagedError } from './log-errors';
import { chunkKey } from './log-key';
import type { LogLine } from './log-line';
import type { LogPlace } from './log-manifest';
import { LogObjects } from './log-objects';
import { usualDelaysMs } from './patience';

export type ReadLogOptions = LogPlace & {
  /** Goes on until the log is sealed; else ends behind what is stored now. */
  follow: boolean;
  /** Leaves out this many LogLines at the beginning. */
  fromLine?: number;
  /** How long to wait before looking again while following, milliseconds. */
  pollMs?: number;
  /** Hints that something was stored, so that it is seen sooner. */
  changes?: AsyncIterable<void>;
};

/**
 * The lines of a log, in their order. Gaps are in the manifest.
 * @throws LogDamagedError, ObjectStoreError, the signal's reason when it aborts
 */
export async function* readLog(options: ReadLogOptions, signal: AbortSignal): AsyncIterable<LogLine> {
  let skip = options.fromLine ?? 0;
  for await (const { key, bytes } of chunksOf(options, signal)) {
    for (const entry of entriesOf(bytes, key)) {
      if (entry.tag === tag.gap) continue;
      skip -= 1;
      if (skip >= 0) continue;
      const time = Buffer.from(entry.time).toString('latin1');
      yield entry.tag === tag.line ? { time, bytes: entry.bytes } : { time, bytes: entry.bytes, partial: true };
      signal.throwIfAborted();
    }
  }
}

/** The chunks of a log, in their order, up to those its manifest names. @throws as readLog does */
export async function* chunksOf(
  { store, prefix, follow, pollMs = 200, changes }: ReadLogOptions,
  signal: AbortSignal,
): AsyncIterable<{ key: string; bytes: Uint8Array }> {
  const objects = new LogObjects({ store, prefix }, { delaysMs: usualDelaysMs, signal });
  const hints = new ChangeHints(changes);
  try {
    let manifest = await objects.manifest();
    for (let index = 0; index < (manifest?.chunks ?? Infinity);) {
      signal.throwIfAborted();
      const key = chunkKey(prefix, index);
      const bytes = await objects.chunk(index);
      if (bytes !== undefined) {
        yield { key, bytes };
        index += 1;
        continue;
      }
      if (manifest !== undefined) throw new LogDamagedError(`${key} is missing, of ${manifest.chunks} chunks`);
      // The last chunk may have been stored since: with the manifest there it is looked for once more.
      manifest = await objects.manifest();
      if (manifest !== undefined) continue;
      if (!follow) return;
      await hints.wait(pollMs, signal);
    }
  } finally {
    hints.close();
  }
}
