import type { ObjectStore } from '@keelson/objects';
import type { Range } from './byte-range';
import type { Digest } from './digest';
import { KeyedLock } from './keyed-lock';
import type { Layout } from './layout';
import type { BlobIndex, BlobLink } from './records';
import { blobIndex, blobLink, encodeRecord, readRecord } from './records';
import type { Repositories } from './repositories';

/** A segment of a blob is gone or has another size than its index says. */
export class BlobDamagedError extends Error {
  readonly code = 'blob-damaged';
  override readonly name = 'BlobDamagedError';
}

/**
 * Blobs: their bytes once, by digest, and a tiny link in each repository that has them. Link and bytes are written side by
 * side, in no order, so a blob is there when both are. Locks hold within this process; across two, a blob that one deletes
 * while the other links it can be gone, which a reader sees as "no such blob".
 */
export class BlobStore {
  private readonly locks = new KeyedLock();

  constructor(
    private readonly store: ObjectStore,
    private readonly layout: Layout,
    private readonly repositories: Repositories,
  ) {}

  /** The repository's link to the blob; undefined when the repository has none or the bytes are gone. */
  async find(name: string, digest: Digest): Promise<BlobLink | undefined> {
    const link = await readRecord(this.store, this.layout.blobLink(name, digest), blobLink);
    return link && (await this.store.head(this.contentKey(digest, link))) ? link : undefined;
  }

  /** Bytes of a blob, or of a range of it, in pieces of a segment at most. @throws BlobDamagedError */
  async *read(digest: Digest, link: BlobLink, range: Range): AsyncGenerator<Uint8Array, void> {
    if (link.sizeBytes === 0) return;
    if (link.kind === 'object') {
      yield await this.readExactly(this.layout.blob(digest), range);
      return;
    }
    const index = await this.index(digest);
    if (!index) throw new BlobDamagedError(`blob ${digest.text} has no index`);
    const pieces = index.segments
      .map((segment) => ({
        key: this.layout.segment(index.upload, segment.offsetBytes),
        first: Math.max(0, range.first - segment.offsetBytes),
        last: Math.min(segment.sizeBytes - 1, range.last - segment.offsetBytes),
      }))
      .filter(({ first, last }) => first <= last);
    yield* ahead(pieces, ({ key, ...part }) => this.readExactly(key, part));
  }

  /** Keeps a blob that fits in one object, and links it. The caller has checked the digest. */
  async putWhole(name: string, digest: Digest, bytes: Uint8Array): Promise<void> {
    await this.locks.run(digest.text, async () => {
      // A look is a tenth of a write, and clients send small blobs without asking whether they are there.
      if (await this.find(name, digest)) return;
      await Promise.all([
        this.store.put(this.layout.blob(digest), bytes, { ifAbsent: true }),
        this.link(name, digest, { sizeBytes: bytes.byteLength, kind: 'object' }),
      ]);
    });
  }

  /** Makes an upload's segments a blob, unless the blob is there already, and links it. */
  async putIndex(name: string, digest: Digest, index: BlobIndex): Promise<void> {
    await this.locks.run(digest.text, async () => {
      await this.store.put(this.layout.blobIndex(digest), encodeRecord(index), { ifAbsent: true });
      await this.link(name, digest, { sizeBytes: index.sizeBytes, kind: 'segments' });
    });
  }

  /** Whether the upload's segments are those of the blob. */
  async isMadeOf(digest: Digest, upload: string): Promise<boolean> {
    return (await this.index(digest))?.upload === upload;
  }

  /** Links a blob that `from` has, or, without it, that any repository brought. False when there is no such blob. */
  async mount(digest: Digest, to: string, from: string | undefined): Promise<boolean> {
    return this.locks.run(digest.text, async () => {
      if (await this.find(to, digest)) return true;
      const link = from === undefined ? await this.anywhere(digest) : await this.find(from, digest);
      if (!link) return false;
      await this.link(to, digest, link);
      // Another process may have deleted it meanwhile.
      return (await this.find(to, digest)) !== undefined;
    });
  }

  /** Takes the blob from the repository, and its bytes with the last link to them. False when the repository has no such blob. */
  async remove(name: string, digest: Digest): Promise<boolean> {
    return this.locks.run(digest.text, async () => {
      const link = await this.find(name, digest);
      if (!link) return false;
      await this.store.delete(this.layout.blobLink(name, digest));
      for await (const other of this.repositories.names()) {
        if (await this.store.head(this.layout.blobLink(other, digest))) return true;
      }
      await (link.kind === 'object' ? this.store.delete(this.layout.blob(digest)) : this.removeSegments(digest));
      return true;
    });
  }

  private async removeSegments(digest: Digest): Promise<void> {
    const index = await this.index(digest);
    if (!index) return;
    // Cut short, the segments are found by their marker and removed at the next start.
    const marker = this.layout.upload(index.upload);
    await this.store.put(marker, encodeRecord({ digest: digest.text }));
    await this.store.delete(this.layout.blobIndex(digest));
    for (const segment of index.segments) {
      await this.store.delete(this.layout.segment(index.upload, segment.offsetBytes));
    }
    await this.store.delete(marker);
  }

  private async link(name: string, digest: Digest, link: BlobLink): Promise<void> {
    await this.store.put(this.layout.blobLink(name, digest), encodeRecord(link));
  }

  private async anywhere(digest: Digest): Promise<BlobLink | undefined> {
    const whole = await this.store.head(this.layout.blob(digest));
    if (whole) return { sizeBytes: whole.sizeBytes, kind: 'object' };
    const index = await this.index(digest);
    return index && { sizeBytes: index.sizeBytes, kind: 'segments' };
  }

  private index(digest: Digest): Promise<BlobIndex | undefined> {
    return readRecord(this.store, this.layout.blobIndex(digest), blobIndex);
  }

  private contentKey(digest: Digest, link: BlobLink): string {
    return link.kind === 'object' ? this.layout.blob(digest) : this.layout.blobIndex(digest);
  }

  private async readExactly(key: string, range: Range): Promise<Uint8Array> {
    const bytes = await this.store.get(key, range);
    const expected = range.last - range.first + 1;
    if (bytes?.byteLength === expected) return bytes;
    throw new BlobDamagedError(
      `${key} should hold ${String(expected)} bytes from ${String(range.first)}, and does not`,
    );
  }
}

/** What reading each place gives, in order; the next is read while this one is used. */
async function* ahead<P, T>(places: readonly P[], read: (place: P) => Promise<T>): AsyncGenerator<T, void> {
  let next: Promise<T> | undefined;
  for (const [at, place] of places.entries()) {
    const current = await (next ?? read(place));
    const following = places[at + 1];
    next = following && read(following);
    // Told when it is its turn; nobody may come to that.
    next?.catch(() => undefined);
    yield current;
  }
}
