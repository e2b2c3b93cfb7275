import { z } from 'zod';
import { parseEvent } from '@keelson/events';
import type { AuditEntry } from './bus';
import type { EncodedEvent } from './encoded-event';
import type { Store } from './lmdb-store';

/** A stored event: text until `decodeAudit`, for it may have been written by another version. */
export type AuditRow = { offset: number; text: string };

const auditRow = z.object({ publishedAtMs: z.number(), event: z.unknown() });

/** @throws MalformedEventError, z.ZodError or SyntaxError when the row is not an event of this version */
export function decodeAudit(row: AuditRow): AuditEntry {
  const { publishedAtMs, event } = auditRow.parse(JSON.parse(row.text));
  return { offset: row.offset, publishedAtMs, event: parseEvent(event) };
}

const nextKey = 'nextOffset';
const trimEvery = 256;
const trimAtMost = 512;

/** Every event published, by its offset. Deliveries refer to it, so an event is stored once however many services take it. */
export class AuditLog {
  readonly #store: Store;
  readonly #retentionMs: number;

  constructor(store: Store, retentionMs: number) {
    this.#store = store;
    this.#retentionMs = retentionMs;
  }

  /** Stores one event and how many deliveries will need it; returns its offset. In a transaction. */
  append(event: EncodedEvent, publishedAtMs: number, deliveries: number): number {
    const { audit, references } = this.#store;
    const offset = this.takeOffset();
    audit.putSync(offset, `{"publishedAtMs":${publishedAtMs},"event":${event.json}}`);
    if (deliveries > 0) references.putSync(offset, String(deliveries));
    if (offset % trimEvery === trimEvery - 1) this.#trim(publishedAtMs - this.#retentionMs);
    return offset;
  }

  /** A number that no event has or will have. In a transaction. */
  takeOffset(): number {
    const offset = this.end();
    this.#store.meta.putSync(nextKey, String(offset + 1));
    return offset;
  }

  /** The offset that the next event will have. */
  end(): number {
    return Number(this.#store.meta.get(nextKey) ?? '0');
  }

  get(offset: number): AuditRow | undefined {
    const text = this.#store.audit.get(offset);
    return text === undefined ? undefined : { offset, text };
  }

  /** At most `limit` rows from an offset on, oldest first. */
  range(from: number, limit: number): AuditRow[] {
    return Array.from(this.#store.audit.getRange({ start: from, limit }), ({ key, value }) => ({
      offset: key,
      text: value,
    }));
  }

  /** One delivery less needs the event. In a transaction. */
  release(offset: number): void {
    const left = Number(this.#store.references.get(offset) ?? '1') - 1;
    if (left > 0) this.#store.references.putSync(offset, String(left));
    else this.#store.references.removeSync(offset);
  }

  /** Forgets what is past the retention, a bounded number at a time; what a delivery still needs stays. */
  #trim(beforeMs: number): void {
    for (const row of this.range(0, trimAtMost)) {
      const published = /^\{"publishedAtMs":(\d+)/.exec(row.text);
      if (published && Number(published[1]) >= beforeMs) return;
      if (this.#store.references.get(row.offset) === undefined) this.#store.audit.removeSync(row.offset);
    }
  }
}
