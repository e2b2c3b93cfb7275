import { entriesOf, tag } from './chunk';
import { LogDamagedError } from './log-errors';
import { manifestKey } from './log-key';
import type { LogGap, LogManifest, LogPlace } from './log-manifest';
import { readManifest } from './log-manifest';
import { LogTally } from './log-tally';
import { readGap } from './read-gap';
import { chunksOf } from './read-log';

/** Whether a sealed log is what its manifest says; if not, the first difference, in words. */
export type LogVerdict = { intact: true; manifest: LogManifest } | { intact: false; difference: string };

/** Reads the whole log again and compares. @throws ObjectStoreError, the signal's reason when it aborts */
export async function verifyLog(place: LogPlace, signal: AbortSignal): Promise<LogVerdict> {
  try {
    const manifest = await readManifest(place);
    if (manifest === undefined) return differs(`${manifestKey(place.prefix)} is missing: the log is not sealed`);
    return compare(place, manifest, await recount(place, signal));
  } catch (error) {
    if (error instanceof LogDamagedError) return differs(error.message);
    throw error;
  }
}

const differs = (difference: string): LogVerdict => ({ intact: false, difference });

async function recount(place: LogPlace, signal: AbortSignal): Promise<{ tally: LogTally; gaps: LogGap[] }> {
  const tally = new LogTally();
  const gaps: LogGap[] = [];
  for await (const { key, bytes } of chunksOf({ ...place, follow: false }, signal)) {
    for (const entry of entriesOf(bytes, key)) {
      if (entry.tag === tag.gap) gaps.push(readGap(entry.bytes, place.prefix));
      else tally.add(entry.bytes, entry.tag === tag.line);
    }
  }
  return { tally, gaps };
}

function compare(place: LogPlace, manifest: LogManifest, stored: { tally: LogTally; gaps: LogGap[] }): LogVerdict {
  const { tally } = stored;
  const found = { lines: tally.lines, pieces: tally.pieces, bytes: tally.bytes, sha256: tally.sha256() };
  for (const field of ['lines', 'pieces', 'bytes', 'sha256'] as const) {
    if (found[field] === manifest[field]) continue;
    return differs(`${manifestKey(place.prefix)} says ${field} ${manifest[field]}, the chunks have ${found[field]}`);
  }
  const named = new Set(manifest.gaps.map((gap) => JSON.stringify(gap)));
  const unnamed = stored.gaps.find((gap) => !named.has(JSON.stringify(gap)));
  if (unnamed === undefined) return { intact: true, manifest };
  return differs(`the chunks tell of a gap that ${manifestKey(place.prefix)} does not name: ${unnamed.reason}`);
}
