import type { RunData } from '@keelson/events';
import type { ObjectStore } from '@keelson/objects';
import type { RecordKey } from './key';
import { segment, unsegment } from './key';
import { beginKey, changeKey, changesPrefix, endKey, openPrefix } from './keys';
import { openRecord } from './records';
import type { ChangeRecord, EndRecord, OpenRecord } from './records';
import { someAtOnce } from './some-at-once';

/** A record in the store is not what its key says. Somebody else wrote there, or an older version did. */
export class CorruptRecordError extends Error {
  readonly code = 'corrupt-record';
  override readonly name = 'CorruptRecordError';
}

/** Where a run stands before a stage works on it. */
export type Standing = { kind: 'open' } | { kind: 'ended'; end: EndRecord } | { kind: 'superseded'; by: ChangeRecord };

/** Records over an object store. Every record is written once, by the first writer. */
export class Ledger {
  /** The newest sequence seen of each ref: the next look starts there. */
  readonly #newest = new Map<string, number>();
  /** The open records seen at the last look, of each service, by path: asked for at every turn of its work, and never changed. */
  readonly #opens = new Map<string, Map<string, OpenRecord>>();

  constructor(readonly store: ObjectStore) {}

  /** The record, or undefined. @throws CorruptRecordError */
  async read<T>(key: RecordKey<T>): Promise<T | undefined> {
    const bytes = await this.store.get(key.path);
    return bytes === undefined ? undefined : parseRecord(key, bytes);
  }

  /** Writes if absent, and returns the record that stands: ours, or the one written before. */
  async write<T>(key: RecordKey<T>, record: T): Promise<{ record: T; ours: boolean }> {
    const written = await this.store.put(key.path, Buffer.from(JSON.stringify(record)), { ifAbsent: true });
    if (written === 'written') return { record, ours: true };
    const standing = await this.read(key);
    if (standing === undefined)
      throw new CorruptRecordError(`${key.path} was there and is gone: records are never deleted`);
    return { record: standing, ours: false };
  }

  /** Forgets an open record. No error when there is none. */
  async close<T>(key: RecordKey<T>): Promise<void> {
    await this.store.delete(key.path);
    for (const seen of this.#opens.values()) seen.delete(key.path);
  }

  /** The work a service has taken on, oldest first (run ids sort by time). */
  async open(service: string): Promise<readonly OpenRecord[]> {
    const keys: string[] = [];
    for await (const { key } of this.store.list(openPrefix(service))) keys.push(key);
    const seen = this.#opens.get(service);
    const read = async (path: string) => seen?.get(path) ?? (await this.read({ path, schema: openRecord }));
    const records = await someAtOnce(keys, async (path) => [path, await read(path)] as const);
    const open = records.filter((entry): entry is [string, OpenRecord] => entry[1] !== undefined);
    this.#opens.set(service, new Map(open));
    return open.map(([, record]) => record);
  }

  /** The newest change of a ref, or undefined when none was ever recorded. */
  async newestChange(source: string, ref: string): Promise<ChangeRecord | undefined> {
    const prefix = changesPrefix(source, ref);
    let newest = this.#newest.get(prefix) ?? (await this.#lastListed(source, ref));
    if (newest === 0) return undefined;
    for (;;) {
      // Both at once: mostly there is no newer one, and this is asked before every step of a run.
      const [record, newer] = await Promise.all([
        this.read(changeKey(source, ref, newest)),
        this.store.head(changeKey(source, ref, newest + 1).path),
      ]);
      this.#newest.set(prefix, newest);
      if (newer === undefined) return record;
      newest += 1;
    }
  }

  /** Every ref that has a change record. */
  async *refs(): AsyncIterable<{ source: string; ref: string }> {
    const plain = (segment: string) => unsegment(segment.replace(/\/$/, ''));
    const refsOf = async (source: string) => {
      const refs = await this.store.listSegments(`changes/${source}`);
      return refs.map((ref) => ({ source: plain(source), ref: plain(ref) }));
    };
    const found = await someAtOnce(await this.store.listSegments('changes/'), refsOf);
    yield* found.flat();
  }

  /** The sequence numbers recorded for a ref, ascending. */
  async *sequences(source: string, ref: string): AsyncIterable<number> {
    const prefix = changesPrefix(source, ref);
    for await (const { key } of this.store.list(prefix)) yield Number.parseInt(key.slice(prefix.length), 10);
  }

  async #lastListed(source: string, ref: string): Promise<number> {
    let last = 0;
    for await (const sequence of this.sequences(source, ref)) last = sequence;
    return last;
  }

  /** Ids of the runs that built an image, whatever repository they pushed it to. */
  async runsOfImage(digest: string): Promise<readonly string[]> {
    const runsIn = (repository: string) => this.store.listSegments(`images/${repository}${segment(digest)}/`);
    const found = await someAtOnce(await this.store.listSegments('images/'), runsIn);
    return found.flat().map(unsegment);
  }

  /** Ids of all runs that have a record, oldest first. */
  async runs(): Promise<readonly string[]> {
    const segments = await this.store.listSegments('runs/');
    return segments.map((name) => unsegment(name.replace(/\/$/, '')));
  }

  /** The attempts of a run, ascending; empty when there is no such run. */
  async attempts(run: string): Promise<readonly number[]> {
    const segments = await this.store.listSegments(`runs/${segment(run)}/`);
    return segments
      .filter((name) => /^[1-9]\d*\/$/.test(name))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
  }

  /**
   * Whether a stage may work on this run: not when its attempt has ended, nor when a newer change of its ref is known.
   * A later attempt was asked for by somebody, and is not superseded.
   */
  async standing(run: RunData): Promise<Standing> {
    const [end, begin, newest] = await Promise.all([
      this.read(endKey(run.run, run.attempt)),
      run.attempt > 1 ? this.read(beginKey(run.run, run.attempt)) : undefined,
      this.newestChange(run.source, run.ref),
    ]);
    if (end !== undefined) return { kind: 'ended', end };
    if (begin?.openedBy === 'command') return { kind: 'open' };
    if (newest !== undefined && newest.sequence > run.sequence && newest.commit !== null) {
      return { kind: 'superseded', by: newest };
    }
    return { kind: 'open' };
  }
}

function parseRecord<T>(key: RecordKey<T>, bytes: Uint8Array): T {
  try {
    return key.schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new CorruptRecordError(`the record at ${key.path} cannot be read`, { cause });
  }
}
