import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const readBytes = 1_048_576;

/** Holds bytes in memory, and from `memoryBytes` on in a file without a name: the system removes it when we end, however we end. */
export class Spool {
  #chunks: Uint8Array[] = [];
  #sizeBytes = 0;
  #file: FileHandle | undefined;
  #disposed = false;

  constructor(private readonly options: { memoryBytes: number; directory?: string | undefined }) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Takes the chunk over: it must not be changed later. A returned promise must be awaited before the next call. */
  add(chunk: Uint8Array): Promise<void> | undefined {
    this.#sizeBytes += chunk.length;
    this.#chunks.push(chunk);
    return this.#file !== undefined || this.#sizeBytes > this.options.memoryBytes ? this.#spill() : undefined;
  }

  /** The bytes from the first on; may be called often, also at the same time. @throws when disposed */
  async *read(): AsyncIterable<Uint8Array> {
    if (this.#disposed) throw new Error('the layer was disposed of');
    if (this.#file === undefined) {
      yield* this.#chunks;
      return;
    }
    for (let position = 0; position < this.#sizeBytes;) {
      const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(readBytes), 0, readBytes, position);
      if (bytesRead === 0) throw new Error('the spooled layer was cut short');
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Frees memory and file. May be called twice. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#chunks = [];
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #spill(): Promise<void> {
    this.#file ??= await namelessFile(this.options.directory ?? tmpdir());
    for (const chunk of this.#chunks) await this.#file.appendFile(chunk);
    this.#chunks = [];
  }
}

async function namelessFile(directory: string): Promise<FileHandle> {
  const place = await mkdtemp(path.join(directory, 'keelson-layer-'));
  try {
    return await open(path.join(place, 'spool'), 'wx+', 0o600);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
