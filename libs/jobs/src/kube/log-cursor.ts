import type { JobLogEntry, JobLogLine, JobLogPlace } from '../jobs';

/** How a container's log was read for the first time: by that one can tell whether its beginning is there. */
export type FirstRead = { startedAtMs: number | undefined; readAtMs: number };

/** From this long after the start on, the kubelet may have thrown the beginning away. It looks every 10 s whether a log is too large. */
const rotationMs = 9_500;
/** What is too large, unless the cluster is told otherwise; and what the kubelet writes besides each line. */
const fileBytes = 10 * 1024 * 1024;
const overheadBytes = 41;
/**
 * Output and errors come to the file by two pipes, each line with the time at which it was taken from its pipe: a line may stand behind
 * others that are younger. By no more than this.
 */
const disorderMs = 1000;
/** A first line that comes so soon after the start is the first. */
const soonMs = 5000;

/**
 * Where a reader is in the log of one container. Each read begins somewhat before, and brings lines again: those up to the last that was seen are
 * dropped. What comes behind it is new, whatever its time. When it does not come again it was thrown away by the kubelet, and with it
 * perhaps others: that is a gap.
 */
export class LogCursor {
  /** Lines that the reader has from before, to be counted. */
  #skip: number;
  /** The last line that was seen, and how many had its time. */
  #last: string | undefined;
  #lastCount = 0;
  /** Of these, how many came again in this read. */
  #again = 0;
  /** The latest time that was seen: what is younger is new. */
  #latest = '';
  #first: FirstRead | undefined;
  /** What of the kubelet's file at hand was read, as far as one can know. */
  #fileBytes = 0;

  /** @param isOnly whether no later or concurrent container's lines may be among those to be skipped */
  constructor(
    readonly place: JobLogPlace,
    readonly isOnly: boolean,
  ) {
    this.#skip = place.skipLines;
  }

  /** How many lines are still to be skipped. */
  get skip(): number {
    return this.#skip;
  }

  /** From when on to read: whole seconds, and early enough for what stands behind younger lines. Undefined: from the beginning. */
  get since(): string | undefined {
    if (this.#last === undefined || this.#skip > 0) return undefined;
    return `${new Date(Date.parse(this.#last) - disorderMs).toISOString().slice(0, 19)}Z`;
  }

  /** A read begins: from the beginning while the reader's lines are not counted to their end. */
  begin(first: FirstRead): void {
    if (this.#skip > 0) this.#skip = this.place.skipLines;
    this.#again = 0;
    this.#first ??= first;
  }

  /** What of the lines is new. @throws RotatedAway when lines to be counted are not there any more: begin again */
  *take(lines: readonly JobLogLine[]): Generator<JobLogEntry> {
    for (const line of lines) {
      if (this.#skip > 0) {
        this.#count(line);
        continue;
      }
      const gap = this.#gapBefore(line);
      if (gap === 'seen') continue;
      if (gap !== undefined) yield { gap };
      this.#note(line.time);
      this.#fileBytes += line.bytes.byteLength + overheadBytes;
      yield line;
    }
  }

  /** The log was read to its end: why something may be missing there. @throws RotatedAway as `take` does */
  gapAtEnd(): string | undefined {
    const { after } = this.place;
    if (this.#skip > 0 && this.isOnly && after !== undefined && this.#last !== after) this.#goOnBehind(after);
    const isUnseen = this.#last !== undefined && this.#again < this.#lastCount;
    return isUnseen ? `the cluster threw output away after ${this.#last}` : undefined;
  }

  /** A line the reader has. When the count does not lead to the very line it saw last, lines are gone: then its time alone must do. */
  #count({ time }: JobLogLine): void {
    this.#skip -= 1;
    const { after } = this.place;
    const isBeyond = this.isOnly && after !== undefined && isMuchLater(time, after);
    const isWrong = this.#skip === 0 && after !== undefined && time !== after;
    if (isBeyond || isWrong) this.#goOnBehind(after);
    this.#note(time);
  }

  /** Counting leads nowhere: the next read looks for the line of this time. */
  #goOnBehind(time: string): never {
    this.#skip = 0;
    this.#last = time;
    this.#lastCount = 1;
    this.#latest = time;
    throw new RotatedAway();
  }

  /** Why something may be missing before a line; `seen` when the line itself is not new. */
  #gapBefore({ time }: JobLogLine): string | undefined {
    if (this.#last === undefined) return this.place.skipLines === 0 ? this.#lateFirst(time) : undefined;
    if (this.#again >= this.#lastCount) return this.#skippedFile(this.#last, time);
    if (time === this.#last) this.#again += 1;
    if (time <= this.#latest) return 'seen';
    this.#again = this.#lastCount;
    return `the cluster threw output away between ${this.#last} and ${time}`;
  }

  /**
   * A kubelet that follows goes on with the newest file, and does not always see that there was one in between: what is in that nobody gets.
   * Only large files are ended, one at each of its looks; so where so much was read, and nothing then for as long, there may have been one.
   */
  #skippedFile(last: string, time: string): string | undefined {
    if (this.#fileBytes < fileBytes || Date.parse(time) - Date.parse(last) < rotationMs) return undefined;
    this.#fileBytes = 0;
    return `the cluster may have thrown output away between ${last} and ${time}`;
  }

  #lateFirst(time: string): string | undefined {
    const { startedAtMs, readAtMs } = this.#first ?? {};
    if (startedAtMs === undefined || readAtMs === undefined) return undefined;
    const isLate = readAtMs - startedAtMs > rotationMs && Date.parse(time) - startedAtMs > soonMs;
    return isLate
      ? `the output was not read until ${new Date(readAtMs).toISOString()}: its beginning may be gone`
      : undefined;
  }

  #note(time: string): void {
    this.#lastCount = time === this.#last ? this.#lastCount + 1 : 1;
    this.#last = time;
    this.#again = this.#lastCount;
    if (time > this.#latest) this.#latest = time;
  }
}

const isMuchLater = (time: string, than: string): boolean =>
  time > than && Date.parse(time) - Date.parse(than) > disorderMs;

/** Lines that were counted on are not there: the log is to be read from its present beginning. */
export class RotatedAway extends Error {}
