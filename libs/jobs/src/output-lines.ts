import { JobsError } from './jobs';
import type { JobLogLine } from './jobs';
import { maxHeadLength, timeLength } from './supervisor/output-record';

const maxPiece = 1024 * 1024;
const lineFeed = 0x0a;
const headShape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \d{1,10}$/;

/**
 * Tells the lines in a job's output file; see output-record.ts for what is in it. A line has the time at which its end came. Where a long
 * line is cut depends on its bytes alone: every reader gets the same pieces.
 */
export class OutputLines {
  #head = Buffer.alloc(0);
  #time = '';
  /** Of the record at hand. */
  #leftBytes = 0;
  /** The line at hand, so far. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #out: JobLogLine[] = [];

  /** Takes the next bytes of the file, which must not change afterwards. @throws JobsError when they are no records */
  push(bytes: Buffer): JobLogLine[] {
    this.#out = [];
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#leftBytes === 0) {
        at = this.#readHead(bytes, at);
        continue;
      }
      const end = Math.min(at + this.#leftBytes, bytes.byteLength);
      this.#split(bytes, at, end);
      this.#leftBytes -= end - at;
      at = end;
    }
    return this.#out;
  }

  /** What is left at the end: the last line, when no line end followed. */
  end(): JobLogLine[] {
    if (this.#heldBytes === 0) return [];
    const last = { time: this.#time, bytes: Buffer.concat(this.#held), partial: true };
    this.#held = [];
    this.#heldBytes = 0;
    return [last];
  }

  #readHead(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lineFeed, at);
    const stop = end === -1 ? bytes.byteLength : end;
    if (this.#head.byteLength + stop - at > maxHeadLength) throw damaged();
    this.#head = Buffer.concat([this.#head, bytes.subarray(at, stop)]);
    if (end === -1) return stop;
    const head = this.#head.toString('latin1');
    if (!headShape.test(head)) throw damaged();
    this.#head = Buffer.alloc(0);
    this.#time = head.slice(0, timeLength);
    this.#leftBytes = Number(head.slice(timeLength + 1));
    return end + 1;
  }

  #split(bytes: Buffer, from: number, to: number): void {
    let start = from;
    // A record without a line end is no long way to search: the next head ends with one.
    for (let end = bytes.indexOf(lineFeed, start); end !== -1 && end < to; end = bytes.indexOf(lineFeed, start)) {
      this.#endLine(bytes.subarray(start, end));
      start = end + 1;
    }
    if (start < to) this.#hold(bytes.subarray(start, to));
  }

  #endLine(bytes: Buffer): void {
    if (this.#heldBytes > 0 || bytes.byteLength > maxPiece) {
      this.#hold(bytes);
      this.#out.push({ time: this.#time, bytes: Buffer.concat(this.#held) });
      this.#held = [];
      this.#heldBytes = 0;
    } else {
      this.#out.push({ time: this.#time, bytes });
    }
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.byteLength;
    if (this.#heldBytes <= maxPiece) return;
    let all = Buffer.concat(this.#held);
    for (; all.byteLength > maxPiece; all = all.subarray(maxPiece)) {
      this.#out.push({ time: this.#time, bytes: all.subarray(0, maxPiece), partial: true });
    }
    this.#held = [all];
    this.#heldBytes = all.byteLength;
  }
}

const damaged = (): JobsError => new JobsError('the kept output is damaged: was it written to?', false);
