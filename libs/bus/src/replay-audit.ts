import { messageOf } from './answer';
import { decodeAudit } from './audit-log';
import type { AuditRow } from './audit-log';
import type { AuditEntry } from './bus';
import type { BusParts } from './bus-parts';

/** Rows read at once: each read is a short transaction, for a long one would keep LMDB from reusing what is freed. */
const readAtOnce = 256;

/**
 * See `Bus.replay`. A row that this version cannot read is left out and reported.
 * Where the end is, is settled by the call: what is published before the first entry is asked for is not missed.
 */
export function replayAudit(
  parts: BusParts,
  { from, follow }: { from: number | 'end'; follow: boolean },
  signal: AbortSignal,
): AsyncIterable<AuditEntry> {
  const closed = parts.closing.signal.aborted;
  const start = from === 'end' && !closed ? parts.audit.end() : Number(from);
  return entriesFrom(parts, { start, follow }, signal);
}

async function* entriesFrom(
  parts: BusParts,
  { start, follow }: { start: number; follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<AuditEntry, void, undefined> {
  const closing = parts.closing.signal;
  const ended = () => signal.aborted || closing.aborted;
  let next = start;
  while (!ended()) {
    const rows = parts.audit.range(next, readAtOnce);
    for (const row of rows) {
      next = row.offset + 1;
      const entry = decodeOrReport(parts, row);
      if (entry) yield entry;
      if (ended()) return;
    }
    if (rows.length > 0) continue;
    if (!follow) return;
    await parts.changed.next(signal, closing);
  }
}

function decodeOrReport(parts: BusParts, row: AuditRow): AuditEntry | undefined {
  try {
    return decodeAudit(row);
  } catch (cause) {
    parts.onError(new Error(`audit entry ${row.offset} cannot be read: ${messageOf(cause)}`, { cause }));
    return undefined;
  }
}
