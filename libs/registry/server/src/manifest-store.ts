import type { ObjectStore } from '@keelson/objects';
import type { Digest } from './digest';
import { parseDigest } from './digest';
import { KeyedLock } from './keyed-lock';
import type { Layout } from './layout';
import type { ManifestHeader, ReferrerDescriptor } from './records';
import { decodeRecord, encodeRecord, manifestHeader, readRecord, referrerDescriptor, tagRecord } from './records';

export type StoredManifest = { digest: Digest; header: ManifestHeader; bytes: Uint8Array };

/** A manifest to keep, with how its subject's list of referrers shows it. */
export type NewManifest = {
  digest: Digest;
  mediaType: string;
  bytes: Uint8Array;
  subject?: Digest;
  shown: ReferrerDescriptor;
};

export type PutOptions = { tags: readonly string[]; requireNamed: () => Promise<void> };

const lineFeed = 0x0a;

/**
 * Manifests, tags and referrers of each repository. A manifest is one object: a line of JSON that says what it is, then its bytes.
 * A tag is the one thing that is ever replaced. Changes of one repository follow one another, within this process.
 */
export class ManifestStore {
  private readonly locks = new KeyedLock();

  constructor(
    private readonly store: ObjectStore,
    private readonly layout: Layout,
  ) {}

  async find(name: string, digest: Digest): Promise<StoredManifest | undefined> {
    const bytes = await this.store.get(this.layout.manifest(name, digest));
    if (!bytes) return undefined;
    const end = bytes.indexOf(lineFeed);
    return { digest, header: decodeRecord(manifestHeader, bytes.subarray(0, end)), bytes: bytes.subarray(end + 1) };
  }

  async has(name: string, digest: Digest): Promise<boolean> {
    return (await this.store.head(this.layout.manifest(name, digest))) !== undefined;
  }

  /** What a tag points at, whether or not that is still there. */
  async resolve(name: string, tag: string): Promise<Digest | undefined> {
    const record = await readRecord(this.store, this.layout.tag(name, tag), tagRecord);
    return record && parseDigest(record.digest);
  }

  /**
   * Keeps a manifest and points tags at it; writes nothing that is there already. What it names is looked for under the same lock, so that
   * nobody removes it in between. @throws what `requireNamed` throws
   */
  async put(name: string, manifest: NewManifest, { tags, requireNamed }: PutOptions): Promise<void> {
    await this.locks.run(name, async () => {
      await requireNamed();
      await this.putManifest(name, manifest);
      await Promise.all([
        this.putReferrer(name, manifest),
        ...tags.map((tag) => this.putTag(name, tag, manifest.digest)),
      ]);
    });
  }

  /** Does work on all manifests of a repository while none is put or removed. */
  exclusively<T>(name: string, work: (all: AsyncIterable<StoredManifest>) => Promise<T>): Promise<T> {
    return this.locks.run(name, () => work(this.all(name)));
  }

  /** Forgets a tag, not what it points at. False when there is none. */
  async removeTag(name: string, tag: string): Promise<boolean> {
    return this.locks.run(name, async () => {
      if (!(await this.resolve(name, tag))) return false;
      await this.store.delete(this.layout.tag(name, tag));
      return true;
    });
  }

  /** Removes a manifest, its tags, and its entry among its subject's referrers. False when there is none. */
  async remove(name: string, digest: Digest): Promise<boolean> {
    return this.locks.run(name, async () => {
      const manifest = await this.find(name, digest);
      if (!manifest) return false;
      for (const tag of await this.tags(name)) {
        if ((await this.resolve(name, tag))?.text === digest.text) await this.store.delete(this.layout.tag(name, tag));
      }
      const subject = parseDigest(manifest.header.subject ?? '');
      if (subject) await this.store.delete(this.layout.referrer(name, subject, digest));
      await this.store.delete(this.layout.manifest(name, digest));
      return true;
    });
  }

  /** All tags, in the store's order. */
  async tags(name: string): Promise<readonly string[]> {
    return this.store.listSegments(this.layout.tags(name));
  }

  /** What refers to a manifest, in the order of their digests, behind `after` when given. */
  async *referrers(name: string, subject: Digest, after?: Digest): AsyncIterable<ReferrerDescriptor> {
    const options = after ? { after: this.layout.referrer(name, subject, after) } : {};
    for await (const { key } of this.store.list(this.layout.referrers(name, subject), options)) {
      const entry = await readRecord(this.store, key, referrerDescriptor);
      if (entry) yield entry;
    }
  }

  private async *all(name: string): AsyncIterable<StoredManifest> {
    const prefix = this.layout.manifests(name);
    for await (const { key } of this.store.list(prefix)) {
      const digest = parseDigest(key.slice(prefix.length).replace('/', ':'));
      const found = digest && (await this.find(name, digest));
      if (found) yield found;
    }
  }

  private async putManifest(name: string, { digest, mediaType, bytes, subject }: NewManifest): Promise<void> {
    if ((await this.find(name, digest))?.header.mediaType === mediaType) return;
    const header: ManifestHeader = { mediaType, ...(subject ? { subject: subject.text } : {}) };
    const line = Buffer.concat([encodeRecord(header), Buffer.of(lineFeed)]);
    await this.store.put(this.layout.manifest(name, digest), Buffer.concat([line, bytes]));
  }

  private async putReferrer(name: string, { digest, subject, shown }: NewManifest): Promise<void> {
    if (subject) await this.store.put(this.layout.referrer(name, subject, digest), encodeRecord(shown));
  }

  private async putTag(name: string, tag: string, digest: Digest): Promise<void> {
    if ((await this.resolve(name, tag))?.text === digest.text) return;
    await this.store.put(this.layout.tag(name, tag), encodeRecord({ digest: digest.text }));
  }
}
