import { repositoryOf } from './git-session';
import type { ObjectSource } from './git-session';

/** Larger files are rare, and git reads them as fast as they can be kept. */
const largestBytes = 262_144;

/**
 * The contents of small files by their ids, those asked for last: one commit's tree shares most of its files with the next one's. Of each
 * repository apart, since nobody checks that what another one has under an id is what the id says.
 */
export class BlobCache {
  readonly #contents = new Map<string, Buffer>();
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get(source: ObjectSource, id: string): Buffer | undefined {
    const key = keyOf(source, id);
    const content = this.#contents.get(key);
    if (content === undefined) return undefined;
    this.#contents.delete(key); // what was asked for last goes last
    this.#contents.set(key, content);
    return content;
  }

  /** The content must not be changed later. */
  add(source: ObjectSource, id: string, content: Buffer): void {
    const key = keyOf(source, id);
    if (content.length > Math.min(largestBytes, this.maxBytes) || this.#contents.has(key)) return;
    this.#contents.set(key, content);
    this.#bytes += content.length;
    for (const [oldest, { length }] of this.#contents) {
      if (this.#bytes <= this.maxBytes) return;
      this.#contents.delete(oldest);
      this.#bytes -= length;
    }
  }
}

const keyOf = (source: ObjectSource, id: string): string => `${id}:${repositoryOf(source).gitDir}`;
