import { EventEmitter, on } from 'node:events';
import type { ByteRange, ObjectInfo, ObjectStore } from '@keelson/objects';

/** An object store that tells, within this process, when something is put below a prefix: readers of live logs need not poll. */
export class ObservedStore implements ObjectStore {
  readonly #puts = new EventEmitter().setMaxListeners(0);

  constructor(readonly inner: ObjectStore) {}

  async put(key: string, bytes: Uint8Array, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'> {
    const result = await this.inner.put(key, bytes, options);
    this.#puts.emit('put', key);
    return result;
  }

  /** Yields after a put below the prefix. */
  async *puts(prefix: string, signal: AbortSignal): AsyncIterable<void> {
    try {
      for await (const [key] of on(this.#puts, 'put', { signal }) as AsyncIterable<[string]>) {
        if (key.startsWith(prefix)) yield;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  get = (key: string, range?: ByteRange): Promise<Uint8Array | undefined> => this.inner.get(key, range);
  head = (key: string): Promise<ObjectInfo | undefined> => this.inner.head(key);
  list = (prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo> => this.inner.list(prefix, options);
  listSegments = (prefix: string): Promise<readonly string[]> => this.inner.listSegments(prefix);
  delete = (key: string): Promise<void> => this.inner.delete(key);
}
