import type { Readable } from 'node:stream';

const highWater = 4_194_304;
const lowWater = 1_048_576;
const newline = 0x0a;

/** The stream ended before what was asked for had come. */
export class EarlyEndError extends Error {
  readonly code = 'early-end';
  override readonly name = 'EarlyEndError';
}

/** Reads lines and counted bytes from a stream. One reader at a time. */
export class ByteReader {
  #chunks: Buffer[] = [];
  #length = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(private readonly stream: Readable) {
    stream.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      if (this.#length > highWater) stream.pause();
      this.#wake();
    });
    stream.on('end', () => this.#end());
    stream.on('close', () => this.#end());
    stream.on('error', (error) => this.fail(error));
  }

  /** Every later read fails with this error. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** The bytes before the next LF, as text; undefined when the stream ended before one. @throws when the line is longer than `maxBytes` */
  async line(maxBytes: number): Promise<string | undefined> {
    for (;;) {
      const at = this.#chunks[0]?.indexOf(newline) ?? -1;
      if (at >= 0) return this.#cut(at + 1).toString('utf8', 0, at);
      if (!this.#joinFirst(maxBytes) && !(await this.#more())) return undefined;
    }
  }

  /** Exactly so many bytes. @throws when the stream ends before */
  async take(size: number): Promise<Buffer> {
    while (this.#length < size) {
      if (!(await this.#more())) throw new EarlyEndError(`the stream ended ${size - this.#length} bytes early`);
    }
    return this.#cut(size);
  }

  /** What is there, at least one byte and at most so many. @throws when the stream has ended */
  async some(maxSize: number): Promise<Buffer> {
    if (this.#length === 0 && !(await this.#more())) throw new EarlyEndError('the stream ended early');
    return this.#cut(Math.min(maxSize, this.#chunks[0]?.length ?? 0));
  }

  async #more(): Promise<boolean> {
    const before = this.#length;
    if (before < lowWater || this.stream.isPaused()) this.stream.resume();
    while (this.#length === before && !this.#ended && this.#failure === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
    return this.#length > before;
  }

  /** Makes one of the first two chunks; false when there are not two. */
  #joinFirst(maxBytes: number): boolean {
    const [first, second] = this.#chunks;
    if (first !== undefined && first.length > maxBytes) throw new Error(`a line of more than ${maxBytes} bytes`);
    if (first === undefined || second === undefined) return false;
    this.#chunks.splice(0, 2, Buffer.concat([first, second]));
    return true;
  }

  #cut(size: number): Buffer {
    const first = this.#chunks[0];
    if (first === undefined || size === 0) return Buffer.alloc(0);
    const taken = first.length < size ? this.#gather(size) : this.#front(first, size);
    this.#length -= size;
    if (this.#length < lowWater && this.stream.isPaused()) this.stream.resume();
    return taken;
  }

  /** Copies no more than what is asked for: what is buffered behind it may be megabytes. */
  #gather(size: number): Buffer {
    const whole = Buffer.allocUnsafe(size);
    for (let filled = 0; filled < size;) {
      const first = this.#chunks[0] ?? whole;
      filled += this.#front(first, Math.min(first.length, size - filled)).copy(whole, filled);
    }
    return whole;
  }

  #front(first: Buffer, size: number): Buffer {
    if (first.length === size) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(size);
    return first.subarray(0, size);
  }

  #end(): void {
    this.#ended = true;
    this.#wake();
  }
}
