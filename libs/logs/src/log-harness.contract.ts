import { DirObjectStore, ObjectStoreError } from '@keelson/objects';
import type { ByteRange, ObjectStore } from '@keelson/objects';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LogLine } from './log-line';
import { lineTime } from './log-line';
import { LogWriter } from './log-writer';
import type { LogWriterOptions } from './log-writer';
import { readLog } from './read-log';

export const prefix = 'logs/run/1/test/';
export const never = new AbortController().signal;

/** A new directory store for every test of the file that calls this. */
export function freshStores(): () => Promise<DirObjectStore> {
  let base: string;
  let count = 0;
  beforeAll(async () => {
    base = await mkdtemp(path.join(tmpdir(), 'keelson-logs-'));
  });
  afterAll(() => rm(base, { recursive: true, force: true }));
  return () => DirObjectStore.open(path.join(base, String((count += 1))));
}

/** A writer that cuts chunks by size only, unless told otherwise. */
export const writerOf = (store: ObjectStore, options: Partial<LogWriterOptions> = {}) =>
  new LogWriter({ store, prefix, clock: () => 1_790_000_000_000, flushAfterMs: 1e8, retryDelaysMs: [], ...options });

export const line = (content: string | Uint8Array, second = 0): LogLine => ({
  time: lineTime(1_790_000_000_000 + second * 1_000),
  bytes: Buffer.from(content),
});

/** Output as a source gives it: cut at line feeds, and longer lines into pieces. */
export function linesOf(output: Buffer, pieceBytes = 1024 * 1024): LogLine[] {
  const lines: LogLine[] = [];
  for (let at = 0; at < output.byteLength;) {
    const feed = output.indexOf(0x0a, at);
    const end = Math.min(feed < 0 ? output.byteLength : feed, at + pieceBytes);
    const bytes = output.subarray(at, end);
    lines.push(end === feed ? line(bytes, lines.length) : { ...line(bytes, lines.length), partial: true });
    at = end === feed ? end + 1 : end;
  }
  return lines;
}

/** The output that lines stand for. */
export const outputOf = (lines: readonly LogLine[]): Buffer =>
  Buffer.concat(lines.flatMap(({ bytes, partial }) => (partial === true ? [bytes] : [bytes, Buffer.from('\n')])));

export async function allLines(store: ObjectStore, follow = false): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const read of readLog({ store, prefix, follow, pollMs: 1 }, never)) lines.push(read);
  return lines;
}

export const texts = (lines: readonly LogLine[]) => lines.map(({ bytes }) => Buffer.from(bytes).toString());
export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key.slice(prefix.length));
  return keys;
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What a put does besides its work: fail before it, fail after it, or wait. */
export type Fault = 'before' | 'after' | Promise<void> | undefined;

/** A store whose puts fail or wait as told; everything else goes through. */
export class FaultyStore implements ObjectStore {
  puts = 0;
  constructor(
    readonly inner: ObjectStore,
    readonly fault: (put: number) => Fault,
    readonly error: () => Error = () => new ObjectStoreError('the store is away', true),
  ) {}

  async put(key: string, bytes: Uint8Array, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'> {
    this.puts += 1;
    const fault = this.fault(this.puts);
    if (fault === 'before') throw this.error();
    if (fault instanceof Promise) await fault;
    const result = await this.inner.put(key, bytes, options);
    if (fault === 'after') throw this.error();
    return result;
  }

  get = (key: string, range?: ByteRange) => this.inner.get(key, range);
  head = (key: string) => this.inner.head(key);
  list = (from: string, options?: { after?: string }) => this.inner.list(from, options);
  listSegments = (from: string) => this.inner.listSegments(from);
  delete = (key: string) => this.inner.delete(key);
}
