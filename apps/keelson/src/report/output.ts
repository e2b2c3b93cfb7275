import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** A stream written line by line, waiting when the reader is slow. A reader that goes away ends nothing: the pipeline goes on. */
export class LineOutput {
  #isGone = false;

  constructor(readonly stream: Writable) {
    stream.on('error', () => {
      this.#isGone = true; // EPIPE: nobody reads any more
    });
  }

  async write(line: string | Uint8Array): Promise<void> {
    if (this.#isGone) return;
    this.stream.write(line);
    if (this.stream.write('\n')) return;
    await Promise.race([once(this.stream, 'drain'), once(this.stream, 'close')]).catch(() => undefined); // told by 'error'
  }
}
