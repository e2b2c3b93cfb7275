import { setImmediate as othersTurn } from 'node:timers/promises';
import type { ByteReader } from './byte-reader';
import type { FilePool } from './file-pool';
import { withLayerReader } from './layer-reader';
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
export function stockLayer(
  source: AsyncIterable<Uint8Array>,
  { pool, signal }: { pool: FilePool; signal: AbortSignal },
): Promise<void> {
  return withLayerReader(source, signal, (reader) => new Stocking(reader, pool, signal).run());
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
    const file = { content, executable, mtimeSeconds };
    const key = this.pool.keyOf(file);
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    this.pool.stock(key, file, count);
    return true;
  }

  async #skip(sizeBytes: number): Promise<void> {
    for (let left = sizeBytes; left > 0;) left -= (await this.reader.some(left)).length;
  }
}
