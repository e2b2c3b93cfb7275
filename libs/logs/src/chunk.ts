import { LogDamagedError } from './log-errors';

/**
 * A chunk is a sequence of entries, each `time tag bytes LF`. The tag says what the entry is:
 *
 * - a space: a line. The output had these bytes and a line feed.
 * - `+`: a piece. The output had these bytes and went on, or ended, without a line feed.
 * - `!`: a gap. Not output: the bytes are JSON that says what is missing here.
 *
 * So the output is rebuilt exactly, and a log without long lines reads `time, space, bytes`.
 */
export const tag = { line: 0x20, piece: 0x2b, gap: 0x21 } as const;
export type Tag = (typeof tag)[keyof typeof tag];

const tags: ReadonlySet<number> = new Set(Object.values(tag));
const lineFeed = 0x0a;
const timeBytes = '2026-11-24T10:00:00.123456789Z'.length;

/** Bytes of an entry around the line's own. */
export const entryOverheadBytes = timeBytes + 2;

/** Fills one chunk, in memory that is used again for later ones. */
export class ChunkBuilder {
  readonly #buffer: Buffer;
  #sizeBytes = 0;

  constructor(readonly capacityBytes: number) {
    this.#buffer = Buffer.allocUnsafeSlow(capacityBytes);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The chunk so far; changes with the next entry. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#sizeBytes);
  }

  fits(entryBytes: number): boolean {
    return this.#sizeBytes + entryBytes <= this.capacityBytes;
  }

  /** The caller has checked time and bytes, and that they fit. */
  add(time: string, kind: Tag, bytes: Uint8Array): void {
    const tagAt = this.#sizeBytes + timeBytes;
    this.#buffer.write(time, this.#sizeBytes, timeBytes, 'latin1');
    this.#buffer[tagAt] = kind;
    this.#buffer.set(bytes, tagAt + 1);
    this.#sizeBytes = tagAt + 1 + bytes.byteLength + 1;
    this.#buffer[this.#sizeBytes - 1] = lineFeed;
  }

  clear(): void {
    this.#sizeBytes = 0;
  }
}

/** One entry of a chunk, its time still as bytes: who counts and hashes needs no text. */
export type Entry = { tag: number; bytes: Uint8Array; time: Uint8Array };

/** The entries of a chunk, without copying. @throws LogDamagedError naming the byte where they stop making sense */
export function* entriesOf(chunk: Uint8Array, key: string): Iterable<Entry> {
  for (let at = 0; at < chunk.byteLength;) {
    const end = chunk.indexOf(lineFeed, at);
    const kind = chunk[at + timeBytes] ?? 0;
    if (end < at + timeBytes + 1 || !tags.has(kind)) {
      throw new LogDamagedError(`${key} has no log line at byte ${at}`);
    }
    yield {
      tag: kind,
      time: chunk.subarray(at, at + timeBytes),
      bytes: chunk.subarray(at + timeBytes + 1, end),
    };
    at = end + 1;
  }
}
