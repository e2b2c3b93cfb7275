import { ImageNotFoundError, parseManifest, parseRepository, withDigest } from '@keelson/registry';
import type { ImageIndex, RegistryClient } from '@keelson/registry';
import type { Pushed } from './run-facts';

/** An image, snapshot or cache as its registry has it: its manifests (an index before its images), and bytes by digest. */
export type Content = { repository: string; manifests: readonly string[]; sizes: ReadonlyMap<string, number> };

/** What lies in registries, each thing read once. */
export class RegistryContents {
  readonly #read = new Map<string, Promise<Content | undefined>>();

  constructor(
    readonly client: RegistryClient,
    readonly signal: AbortSignal,
  ) {}

  /** Undefined when it is not there (any more). */
  of({ repository, digest }: Pushed): Promise<Content | undefined> {
    const key = `${repository}@${digest}`;
    const content = this.#read.get(key) ?? this.#load({ repository, digest });
    this.#read.set(key, content);
    return content;
  }

  /** Where tags point that are nobody's of ours: a person's, and those that follow a ref. */
  async foreignTags(repository: string, own: ReadonlySet<string>): Promise<readonly (Pushed & { tag: string })[]> {
    const parsed = parseRepository(repository);
    const tags = await orMissing(this.client.tags(parsed, this.signal));
    const heads: (Pushed & { tag: string })[] = [];
    for (const tag of tags ?? []) {
      if (own.has(tag)) continue;
      const head = await this.client.head({ ...parsed, tag }, this.signal);
      if (head !== undefined) heads.push({ repository, digest: head.digest, tag });
    }
    return heads;
  }

  async #load({ repository, digest }: Pushed): Promise<Content | undefined> {
    const reference = withDigest(parseRepository(repository), digest);
    const content = await orMissing(this.client.manifest(reference, this.signal));
    if (content === undefined) return undefined;
    const parsed = parseManifest(content);
    const sizes = new Map([[digest, content.bytes.byteLength]]);
    if (parsed.kind === 'index') return this.#index({ repository, digest, sizes }, parsed.index);
    for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) sizes.set(blob.digest, blob.size);
    return { repository, manifests: [digest], sizes };
  }

  async #index(of: Pushed & { sizes: Map<string, number> }, index: ImageIndex): Promise<Content> {
    const { repository, digest, sizes } = of;
    const manifests = [digest];
    for (const { digest: child, mediaType, size } of index.manifests) {
      const inner = isManifest(mediaType) ? await this.of({ repository, digest: child }) : undefined;
      if (inner === undefined) sizes.set(child, size);
      manifests.push(...(inner?.manifests ?? []));
      for (const [blob, bytes] of inner?.sizes ?? []) sizes.set(blob, bytes);
    }
    return { repository, manifests, sizes };
  }
}

/** A cache lists its layers in an index, too: those are blobs. */
const isManifest = (mediaType: string): boolean => /\.(?:manifest|index|manifest\.list)\.v\d\+json$/.test(mediaType);

async function orMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ImageNotFoundError) return undefined;
    throw error;
  }
}
