/** Bytes of an object, first to last inclusive, from 0; `last` may lie beyond the end. */
export type ByteRange = { first: number; last?: number };

export type ObjectInfo = { key: string; sizeBytes: number };

/**
 * Objects under keys: `segment/segment/...`, each segment percent-encoded by its owner (libs/ledger), 1 to 1,024 bytes in all.
 * A key with an empty segment, `.`, `..`, a backslash, a control character or a leading slash is refused with InvalidKeyError by every method.
 * All methods throw ObjectStoreError when the store cannot do it (full, refused, unreachable); `transient` says whether trying again can help.
 */
export interface ObjectStore {
  /**
   * Stores the bytes durably and atomically: readers see all of them or none. Replaces what is there.
   * With `ifAbsent` the first writer wins: `exists` is returned, and nothing changed, when the key is taken. May be called twice.
   */
  put(key: string, bytes: Uint8Array, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'>;
  /** The bytes, or those of a range (empty when it starts at or behind the end); undefined when there is no such object. */
  get(key: string, range?: ByteRange): Promise<Uint8Array | undefined>;
  /** Size only; undefined when there is no such object. */
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Objects whose key begins with the prefix (a whole-segment prefix ends in `/`; '' is all), in byte order of the keys, behind `after` when given. */
  list(prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo>;
  /** The segments directly below a prefix that ends in `/` (or ''), in byte order: `a/` for keys `a/b/c` and `a/d` gives `b/` and `d`. */
  listSegments(prefix: string): Promise<readonly string[]>;
  /** Removes the object; no error when there is none. */
  delete(key: string): Promise<void>;
}

/** The key could leave the store's root or cannot be stored. A fault of the caller. */
export class InvalidKeyError extends Error {
  readonly code = 'invalid-key';
  override readonly name = 'InvalidKeyError';
}

/** The store could not do what was asked; the message says what was tried on which key. */
export class ObjectStoreError extends Error {
  readonly code = 'object-store';
  override readonly name = 'ObjectStoreError';
  constructor(
    message: string,
    /** True when the same call may succeed later (unreachable, full, 5xx). */
    readonly transient: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
