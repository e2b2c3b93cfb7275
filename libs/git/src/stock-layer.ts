import { hash } from 'node:crypto';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { ByteReader } from './byte-reader';
import type { FilePool } from './file-pool';
import { onAbort } from './on-abort';
import { plainBytes } from './plain-bytes';
import { padding } from './tar-header';
import { nextMember } from './tar-reader';
import type { TarMember } from './tar-reader';
import { smallFileBytes } from './unpack';

const turnMs = 4;

/**
 * Makes the files of a layer in advance, for whoever unpacks this layer, or one like it, from the pool. A few milliseconds at a time, and as many as
 * the pool may hold.
 * @throws TarError; the file system's errors; the signal's reason. What was made by then is in the pool
 */
export async function stockLayer(
  source: AsyncIterable<Uint8Array>,
  { pool, signal }: { pool: FilePool; signal: AbortSignal },
): Promise<void> {
  const stream = await plainBytes(source);
  const reader = new ByteReader(stream);
  const off = onAbort(signal, () => reader.fail(signal.reason as Error));
  try {
    signal.throwIfAborted();
    await new Stocking(reader, pool, signal).run();
  } finally {
    off();
    stream.destroy();
  }
}

class Stocking {
  /** How many of each content the layer holds so far. */
  readonly #counts = new Map<string, number>();
  #files = 0;
  #bytes = 0;
  #turnBegan = performance.now();

  constructor(
    private readonly reader: ByteReader,
    private readonly pool: FilePool,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<void> {
    for (let member = await nextMember(this.reader); member !== undefined; member = await nextMember(this.reader)) {
      if (member.kind !== 'file') continue;
      if (member.sizeBytes > smallFileBytes) await this.#skip(member.sizeBytes);
      else if (!this.#add(member, await this.reader.take(member.sizeBytes))) return;
      await this.reader.take(padding(member.sizeBytes));
      if (performance.now() - this.#turnBegan < turnMs) continue;
      await othersTurn();
      this.signal.throwIfAborted();
      this.#turnBegan = performance.now();
    }
  }

  /** False when one layer fills the pool. */
  #add({ executable, mtimeSeconds }: TarMember, content: Buffer): boolean {
    this.#files += 1;
    this.#bytes += content.length;
    const { mostFiles, mostBytes } = this.pool.limits;
    if (this.#files > mostFiles || this.#bytes > mostBytes) return false;
    const like = `${hash('sha256', content)}${String(executable)}${mtimeSeconds}`;
    const count = (this.#counts.get(like) ?? 0) + 1;
    this.#counts.set(like, count);
    this.pool.stock({ content, executable, mtimeSeconds }, count);
    return true;
  }

  async #skip(sizeBytes: number): Promise<void> {
    for (let left = sizeBytes; left > 0;) left -= (await this.reader.some(left)).length;
  }
}
