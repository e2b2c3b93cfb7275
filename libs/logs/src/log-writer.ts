import { isDeepStrictEqual } from 'node:util';
import { ChunkBuilder, entriesOf, entryOverheadBytes, tag } from './chunk';
import type { Tag } from './chunk';
import { LogClosedError, LogConflictError } from './log-errors';
import { chunkKey, maxChunks } from './log-key';
import { checkLine, lineTime } from './log-line';
import type { LogLine } from './log-line';
import { logGap } from './log-manifest';
import type { LogGap, LogManifest, LogPlace } from './log-manifest';
import { LogObjects } from './log-objects';
import { LogTally } from './log-tally';
import { usualDelaysMs } from './patience';
import { readGap } from './read-gap';
import { TaskQueue } from './task-queue';

export type LogWriterOptions = LogPlace & {
  /** Milliseconds since the epoch: the time of gaps. Lines bring their own, and waits do not depend on it. */
  clock: () => number;
  /** A chunk is stored when it has this size ... */
  flushBytes?: number;
  /** ... or this long after its first line. */
  flushAfterMs?: number;
  /** Output behind this many chunks is not kept, and named as a gap. */
  maxChunks?: number;
  /** Output behind this many bytes is not kept either. */
  maxBytes?: number;
  /** Waits before further tries while the store fails for a while. */
  retryDelaysMs?: readonly number[];
  /** Stops the writer: nothing more is stored, and what was not is the source's to give again. */
  signal?: AbortSignal;
};

/** Room in a chunk above `flushBytes`, so that the line that fills it mostly fits. */
const slackBytes = 64 * 1024;

/** Buffers kept for later chunks: one being stored, one waiting. */
const maxSpare = 2;

/**
 * Writes one log: lines in, immutable numbered chunks out, the manifest last. Not fenced: of two writers of one log the one
 * that comes second to a chunk stops with a LogConflictError, and nothing is lost or doubled.
 * Close it, or abort its signal, when it is not sealed: else its last lines are stored behind the back of the next writer.
 */
export class LogWriter {
  readonly #prefix: string;
  readonly #clock: () => number;
  readonly #flushBytes: number;
  readonly #flushAfterMs: number;
  readonly #maxChunks: number;
  readonly #maxBytes: number;
  readonly #objects: LogObjects;
  readonly #queue = new TaskQueue();
  readonly #tally = new LogTally();
  readonly #gaps: LogGap[] = [];
  readonly #spare: ChunkBuilder[] = [];
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal | undefined;
  #building: ChunkBuilder | undefined;
  /** Of the chunk being built, or of the next one. */
  #index = 0;
  /** The time of the last line that was stored before this writer. */
  #after: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #full = false;
  #sealed: LogManifest | undefined;

  constructor(options: LogWriterOptions) {
    this.#prefix = options.prefix;
    this.#clock = options.clock;
    this.#flushBytes = options.flushBytes ?? 1024 * 1024;
    this.#flushAfterMs = options.flushAfterMs ?? 500;
    this.#maxChunks = Math.min(options.maxChunks ?? maxChunks, maxChunks);
    this.#maxBytes = options.maxBytes ?? Infinity;
    this.#signal = options.signal;
    this.#objects = new LogObjects(options, {
      delaysMs: options.retryDelaysMs ?? usualDelaysMs,
      signal: AbortSignal.any([this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])]),
    });
  }

  /**
   * Goes on behind what is stored. To be called before the first line is written, or not at all for a new log.
   * @returns the number of LogLines that are stored, for the source to skip, the time of the last, and their bytes of output; and whether it is sealed:
   * then no more is to be written, not even gaps
   * @throws LogDamagedError, ObjectStoreError
   */
  async resume(): Promise<{ skipLines: number; after?: string | undefined; bytes: number; isSealed?: true }> {
    this.#sealed = await this.#objects.manifest();
    if (this.#sealed !== undefined) {
      return { skipLines: this.#sealed.pieces, bytes: this.#sealed.bytes, isSealed: true };
    }
    while (this.#index < this.#maxChunks) {
      const chunk = await this.#objects.chunk(this.#index);
      if (chunk === undefined) break;
      this.#recall(chunk);
      this.#index += 1;
    }
    return { skipLines: this.#tally.pieces, after: this.#after, bytes: this.#tally.bytes };
  }

  /**
   * Takes a line. Resolves at once while there is room, else when the store has caught up: await it before the next line, and at
   * most three chunks are in memory. The line's memory may be used again when it has resolved.
   * @throws MalformedLineError; the signal's reason; LogConflictError or ObjectStoreError when an earlier line could not be stored
   */
  async write(line: LogLine): Promise<void> {
    this.#checkOpen();
    checkLine(line);
    const ended = line.partial !== true;
    if (this.#append(line.time, ended ? tag.line : tag.piece, line.bytes)) this.#tally.add(line.bytes, ended);
    if (this.#queue.room !== undefined) await this.#queue.room;
  }

  /** Records, durably, that output is missing: from a line or a time on, or else here. Told again it is the same gap. @throws as write does */
  async gap(missing: LogGap): Promise<void> {
    this.#checkOpen();
    const here = missing.fromLine === undefined && missing.fromTime === undefined;
    const gap = logGap.parse(here ? { ...missing, fromLine: this.#tally.lines } : missing);
    if (this.#gaps.some((known) => isDeepStrictEqual(known, gap))) return;
    this.#gaps.push(gap);
    this.#append(lineTime(this.#clock()), tag.gap, Buffer.from(JSON.stringify(gap)));
    this.#flush();
    await this.#queue.finished();
  }

  /**
   * Stores what is left and then the manifest; nothing can be written afterwards. May be called twice, and for a log that was
   * sealed before: the manifest that stands is returned.
   * @throws LogConflictError, ObjectStoreError
   */
  async seal(): Promise<LogManifest> {
    if (this.#sealed !== undefined) return this.#sealed;
    this.#checkOpen();
    this.#flush();
    await this.#queue.finished();
    const { lines, pieces, bytes } = this.#tally;
    this.#sealed = await this.#objects.putManifest({
      ...{ version: 1, chunks: this.#index, lines, pieces, bytes, sha256: this.#tally.sha256() },
      ...{ complete: this.#gaps.length === 0, gaps: this.#gaps },
    });
    return this.#sealed;
  }

  /**
   * Stores what is left, by one try, and stops: a later writer resumes behind it. Does nothing after `seal`. May be called
   * twice. Never throws: lines it could not store are the source's to give again.
   */
  async close(): Promise<void> {
    this.#flush();
    this.#closing.abort();
    await this.#queue.idle();
  }

  #checkOpen(): void {
    this.#signal?.throwIfAborted();
    if (this.#queue.failure !== undefined) throw this.#queue.failure.error;
    if (this.#sealed !== undefined) {
      throw new LogConflictError(
        `the log ${this.#prefix} is sealed with ${this.#sealed.lines} lines: it takes no more`,
      );
    }
    if (this.#closing.signal.aborted) throw new LogClosedError(`the writer of ${this.#prefix} is closed`);
  }

  #recall(chunk: Uint8Array): void {
    let last: Uint8Array | undefined;
    for (const { time, tag: kind, bytes } of entriesOf(chunk, chunkKey(this.#prefix, this.#index))) {
      if (kind === tag.gap) {
        this.#gaps.push(readGap(bytes, this.#prefix));
        continue;
      }
      this.#tally.add(bytes, kind === tag.line);
      last = time;
    }
    if (last !== undefined) this.#after = Buffer.from(last).toString('latin1');
  }

  /** False when the log is full and the entry was left out. */
  #append(time: string, kind: Tag, bytes: Uint8Array): boolean {
    if (this.#full) return false;
    if (this.#tally.bytes + bytes.byteLength > this.#maxBytes) return this.#noteFull(`${this.#maxBytes} bytes`);
    const building = this.#roomFor(entryOverheadBytes + bytes.byteLength);
    if (building === undefined) return this.#noteFull(`${this.#maxChunks} chunks`);
    building.add(time, kind, bytes);
    // The first line is shown at once: it tells who waits that the test has begun.
    if (this.#index === 0 || building.sizeBytes >= this.#flushBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flushWhenIdle(), this.#flushAfterMs);
    return true;
  }

  #roomFor(entryBytes: number): ChunkBuilder | undefined {
    if (this.#building?.fits(entryBytes) === false) this.#flush();
    if (this.#building === undefined && this.#index < this.#maxChunks) {
      const usual = this.#flushBytes + slackBytes;
      this.#building =
        entryBytes > usual ? new ChunkBuilder(entryBytes) : (this.#spare.pop() ?? new ChunkBuilder(usual));
    }
    return this.#building;
  }

  /** From here on nothing is kept, not even a line that would fit: what is missing is one piece, the end. */
  #noteFull(limit: string): false {
    this.#full = true;
    const reason = `the log has ${limit}, the most that are kept: the rest of the output is not`;
    this.#gaps.push({ fromLine: this.#tally.lines, reason });
    return false;
  }

  /** While a store that is slow still has a chunk to take, more lines go into the next one: few large chunks, not many small ones. */
  #flushWhenIdle(): void {
    this.#timer = undefined;
    void this.#queue.idle().then(() => this.#flush());
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const chunk = this.#building;
    if (chunk === undefined) return;
    const index = this.#index;
    this.#building = undefined;
    this.#index += 1;
    this.#queue.add(async () => {
      this.#signal?.throwIfAborted();
      await this.#objects.putChunk(index, chunk.bytes);
      chunk.clear();
      if (this.#spare.length < maxSpare && chunk.capacityBytes === this.#flushBytes + slackBytes)
        this.#spare.push(chunk);
    });
  }
}
