import type { JobLogLine } from '../jobs';

const maxPiece = 1024 * 1024;
const lineFeed = 0x0a;
const space = 0x20;
/** The longest time, with a zone. */
const maxTime = 40;
const timeShape = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{1,9})(Z|[+-]\d\d:\d\d)$/;

/** A line without a time: not of the container, but the kubelet's own words about why there is no more. */
export class NoLogLine extends Error {}

/**
 * Tells the lines in a container's log as the kubelet gives it: `time, space, bytes, LF`. A line that has no end yet is held, but for what is cut
 * off as a piece: where, depends on its bytes alone.
 */
export class LogLines {
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Of the line at hand; empty while it is not there. */
  #time = '';

  /** @throws NoLogLine */
  push(bytes: Buffer): JobLogLine[] {
    const out: JobLogLine[] = [];
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      this.#hold(bytes.subarray(start, end), out);
      this.#endLine(out);
      start = end + 1;
    }
    if (start < bytes.byteLength) this.#hold(bytes.subarray(start), out);
    return out;
  }

  /** What is left at the end of the log: a line without its end. @throws NoLogLine */
  end(): JobLogLine[] {
    if (this.#time === '' && this.#heldBytes === 0) return [];
    if (this.#time === '') throw new NoLogLine(Buffer.concat(this.#held).toString());
    if (this.#heldBytes === 0) return [];
    return [{ time: this.#time, bytes: Buffer.concat(this.#held), partial: true }];
  }

  #hold(bytes: Buffer, out: JobLogLine[]): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.byteLength;
    if (this.#time === '') this.#readTime();
    if (this.#time === '' || this.#heldBytes <= maxPiece) return;
    let all = Buffer.concat(this.#held);
    for (; all.byteLength > maxPiece; all = all.subarray(maxPiece)) {
      out.push({ time: this.#time, bytes: all.subarray(0, maxPiece), partial: true });
    }
    this.#held = [all];
    this.#heldBytes = all.byteLength;
  }

  #readTime(): void {
    const all = this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held);
    const end = all.subarray(0, maxTime).indexOf(space);
    if (end === -1 && all.byteLength < maxTime) return;
    const time = lineTime(all.toString('latin1', 0, Math.max(end, 0)));
    if (time === undefined) throw new NoLogLine(all.toString());
    this.#time = time;
    this.#held = [all.subarray(end + 1)];
    this.#heldBytes = all.byteLength - end - 1;
  }

  #endLine(out: JobLogLine[]): void {
    if (this.#time === '') throw new NoLogLine(Buffer.concat(this.#held).toString());
    const bytes = this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held);
    out.push({ time: this.#time, bytes });
    this.#held = [];
    this.#heldBytes = 0;
    this.#time = '';
  }
}

/** A time of the kubelet as ours: UTC with nine decimals. */
function lineTime(text: string): string | undefined {
  const [, seconds, decimals, zone] = timeShape.exec(text) ?? [];
  if (seconds === undefined || decimals === undefined || zone === undefined) return undefined;
  const utc = zone === 'Z' ? seconds : new Date(`${seconds}${zone}`).toISOString().slice(0, 19);
  return `${utc}.${decimals.padEnd(9, '0')}Z`;
}
