import { once } from 'node:events';
import type { Writable } from 'node:stream';

const lineFeed = Buffer.from('\n');

/** A stream written line by line, waiting when the reader is slow. A reader that goes away ends nothing by itself. */
export class LineOutput {
  readonly #gone = new AbortController();

  constructor(readonly stream: Writable) {
    stream.on('error', () => this.#gone.abort()); // EPIPE: nobody reads any more
    stream.on('close', () => this.#gone.abort());
  }

  /** Aborted when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** A line and its end. One write: lines of several writers to one pipe stay whole. */
  write(line: string | Uint8Array): Promise<void> {
    return this.writeBytes(typeof line === 'string' ? `${line}\n` : Buffer.concat([line, lineFeed]));
  }

  /** What is not a whole line. */
  async writeBytes(bytes: string | Uint8Array): Promise<void> {
    if (this.gone.aborted || this.stream.write(bytes)) return;
    await once(this.stream, 'drain', { signal: this.gone }).catch(() => undefined); // gone: nothing to wait for
  }
}
