import type { ObjectStore } from '@keelson/objects';
import { LogConflictError } from './log-errors';
import { chunkKey, manifestKey } from './log-key';
import { parseManifest, readManifest } from './log-manifest';
import type { LogManifest, LogPlace } from './log-manifest';
import { patiently } from './patience';
import type { Patience } from './patience';

/** One log's objects, each written once, by the first writer. */
export class LogObjects {
  constructor(
    private readonly place: LogPlace,
    private readonly patience: Patience,
  ) {}

  /** Stores a chunk, unless the same is there. @throws LogConflictError when another is */
  async putChunk(index: number, bytes: Uint8Array): Promise<void> {
    const key = chunkKey(this.place.prefix, index);
    const standing = await this.#putIfAbsent(key, bytes);
    if (Buffer.compare(standing, bytes) === 0) return;
    throw new LogConflictError(`another writer has stored other lines as ${key}: it has taken over this log`);
  }

  /** The chunk; undefined when it was not stored yet. */
  chunk(index: number): Promise<Uint8Array | undefined> {
    return this.#patiently((store) => store.get(chunkKey(this.place.prefix, index)));
  }

  manifest(): Promise<LogManifest | undefined> {
    return patiently(() => readManifest(this.place), this.patience);
  }

  /** Stores the manifest and returns the one that stands. @throws LogConflictError when that is of another output */
  async putManifest(manifest: LogManifest): Promise<LogManifest> {
    const { prefix } = this.place;
    const following = chunkKey(prefix, manifest.chunks);
    if ((await this.#patiently((store) => store.head(following))) !== undefined) {
      throw new LogConflictError(`another writer has stored ${following}: it has taken over this log`);
    }
    const bytes = Buffer.from(JSON.stringify(manifest));
    const standing = parseManifest(await this.#putIfAbsent(manifestKey(prefix), bytes), prefix);
    if (standing.sha256 === manifest.sha256 && standing.pieces === manifest.pieces) return standing;
    throw new LogConflictError(
      `${manifestKey(prefix)} was sealed by another writer with ${standing.lines} lines and ${standing.bytes} bytes, ` +
        `this one has ${manifest.lines} and ${manifest.bytes}`,
    );
  }

  /** Returns what stands: the bytes, or what was there. */
  #putIfAbsent(key: string, bytes: Uint8Array): Promise<Uint8Array> {
    return this.#patiently(async (store) => {
      if ((await store.put(key, bytes, { ifAbsent: true })) === 'written') return bytes;
      const standing = await store.get(key);
      if (standing === undefined) throw new LogConflictError(`${key} was there and is gone: somebody deletes this log`);
      return standing;
    });
  }

  #patiently<T>(work: (store: ObjectStore) => Promise<T>): Promise<T> {
    return patiently(() => work(this.place.store), this.patience);
  }
}
