import { readBlob, hasBlob, mountBlob } from './blob-calls';
import type { BlobToRead, MountOutcome } from './blob-calls';
import { steadyClock } from './clock';
import type { Clock } from './clock';
import type { CredentialSource } from './credentials';
import type { ImageReference, Repository } from './image-reference';
import { KnownBlobs } from './known-blobs';
import type { ManifestContent } from './manifest';
import { deleteManifest, getManifest, headManifest, manifestNotFound, putManifest } from './manifest-calls';
import type { ManifestHead } from './manifest-calls';
import { putBlob } from './put-blob';
import type { BlobToPut } from './put-blob';
import { RecentContents } from './recent-contents';
import { RegistryProtocolError } from './registry-errors';
import { RegistryHosts } from './registry-host';
import type { RegistryEntry, RegistryTimeouts } from './registry-host';
import { RegistrySender } from './registry-sender';
import { retryWhenCut } from './retry-when-cut';
import { allTags, tagsPage } from './tag-calls';

export type RegistryClientOptions = {
  /** Registries that need more said than their name; all others are reached by their name, over https unless on loopback. */
  registries?: readonly RegistryEntry[];
  credentials?: CredentialSource;
  /** For each registry; a second's worth may leave at once. Default: no limit. */
  requestsPerSecond?: number;
  /** Defaults: connect 10 s, headers 30 s, idle 30 s, whole 60 s. */
  timeouts?: Partial<RegistryTimeouts>;
  userAgent?: string;
  clock?: Clock;
};

const defaultTimeouts: RegistryTimeouts = { connectMs: 10_000, headersMs: 30_000, idleMs: 30_000, wholeMs: 60_000 };

/** What views of one client share. */
type Session = {
  hosts: RegistryHosts;
  sender: RegistrySender;
  known: KnownBlobs;
  recent: RecentContents;
  timeouts: RegistryTimeouts;
  clock: Clock;
};

/**
 * A client of registries that speak OCI distribution 1.0 or 1.1, or Docker's registry API v2.
 *
 * Every method may be called twice and ends by itself: a registry that hangs is unavailable. All throw
 * RegistryUnavailableError, RegistryAuthError, RegistryProtocolError, InvalidReferenceError, CredentialsError, or the
 * signal's reason; what they throw besides is said at each. https://github.com/opencontainers/distribution-spec
 */
export class RegistryClient {
  private readonly session: Session;

  constructor(options: RegistryClientOptions = {}, shared?: Session) {
    this.session = shared ?? newSession(options);
  }

  /** The image's digest, media type and size; undefined when there is none. Does not count as a pull on Docker Hub. */
  head(reference: ImageReference, signal: AbortSignal): Promise<ManifestHead | undefined> {
    return this.retried((sender) => headManifest(sender, { reference, ...this.limits() }, signal), signal);
  }

  /**
   * The manifest or index, verified against its digest. One that was read before is not read again: of a tag only the
   * digest is asked for then, and of a digest nothing. @throws ImageNotFoundError
   */
  async manifest(reference: ImageReference, signal: AbortSignal): Promise<ManifestContent> {
    const { recent } = this.session;
    const isMovable = reference.digest === undefined && recent.knowsTag(reference);
    const digest = isMovable ? (await this.head(reference, signal))?.digest : reference.digest;
    const kept = digest === undefined ? undefined : recent.get(reference, digest);
    if (kept !== undefined) return kept;
    const found = await this.retried((sender) => getManifest(sender, { reference, ...this.limits() }, signal), signal);
    if (found === undefined) throw manifestNotFound(reference);
    recent.add(reference, found);
    return found;
  }

  /**
   * Stores a manifest under the reference's tag, or under its digest when it has no tag. What it names must be there.
   * @throws MissingBlobError, a RegistryProtocolError, when it is not
   */
  putManifest(
    reference: ImageReference,
    content: Pick<ManifestContent, 'mediaType' | 'bytes'>,
    signal: AbortSignal,
  ): Promise<void> {
    return this.retried((sender) => putManifest(sender, { reference, content }, signal), signal);
  }

  /** Deletes by digest, or only the tag where the registry knows how to. False when there was none. */
  deleteManifest(reference: ImageReference, signal: AbortSignal): Promise<boolean> {
    return this.retried((sender) => deleteManifest(sender, reference, signal), signal);
  }

  /** All tags, in the registry's order. @throws ImageNotFoundError when there is no such repository */
  tags(repository: Repository, signal: AbortSignal): Promise<readonly string[]> {
    const { wholeMs } = this.session.timeouts;
    return allTags(repository, (query) =>
      this.retried((sender) => tagsPage(sender, { target: repository, query, wholeMs }, signal), signal),
    );
  }

  /** Whether the blob is there. What was seen there within the hour is not asked for again. */
  async hasBlob(repository: Repository, digest: string, signal: AbortSignal): Promise<boolean> {
    if (this.knowsBlob(repository, digest)) return true;
    const found = await this.retried((sender) => hasBlob(sender, { target: repository, digest }, signal), signal);
    if (found) this.session.known.add(repository, digest);
    return found;
  }

  /** True when this process saw the blob there within the hour. No request. */
  knowsBlob(repository: Repository, digest: string): boolean {
    return this.session.known.has(repository, digest);
  }

  /** Something is missing in the repository after all: nothing of it is known any more. */
  forgetBlobs(repository: Repository): void {
    this.session.known.forget(repository);
  }

  /**
   * The blob's bytes as they come, verified: the last step throws RegistryProtocolError when they are not the digest's, so
   * nothing may be believed before the end. Not repeated when the connection breaks. @throws ImageNotFoundError
   */
  blob(repository: Repository, blob: BlobToRead, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return readBlob(this.session.sender, { target: repository, blob }, signal);
  }

  /** A small blob whole; what was read before is not read again. @throws ImageNotFoundError, RegistryProtocolError when it is larger than the limit */
  async blobBytes(
    repository: Repository,
    { digest, limitBytes }: { digest: string; limitBytes: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const kept = this.session.recent.get(repository, digest);
    if (kept !== undefined) return kept.bytes;
    const bytes = await this.retried(async (sender) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of readBlob(sender, { target: repository, blob: { digest } }, signal)) {
        size += chunk.byteLength;
        if (size > limitBytes) throw new RegistryProtocolError(`the blob ${digest} is larger than ${limitBytes} bytes`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    }, signal);
    this.session.recent.add({ ...repository, digest }, { digest, mediaType: 'application/octet-stream', bytes });
    return bytes;
  }

  /** Makes a blob of another repository of the same registry appear in this one; where that is refused, an upload is begun. */
  async mount(
    repository: Repository,
    { digest, from }: { digest: string; from: string },
    signal: AbortSignal,
  ): Promise<MountOutcome> {
    const outcome = await this.retried(
      (sender) => mountBlob(sender, { target: repository, digest, from }, signal),
      signal,
    );
    if (outcome === 'mounted') this.session.known.add(repository, digest);
    return outcome;
  }

  /** Stores a blob; the bytes are streamed, and opened anew when the connection breaks. @throws what `open` throws */
  async putBlob(repository: Repository, blob: BlobToPut, signal: AbortSignal): Promise<void> {
    await putBlob(this.session.sender, { target: repository, blob, clock: this.session.clock }, signal);
    this.session.known.add(repository, blob.digest);
  }

  /** Whether both names lead to one registry, so that blobs can be mounted from one repository into the other. */
  isSameRegistry(one: string, other: string): boolean {
    return this.session.hosts.of(one) === this.session.hosts.of(other);
  }

  /** The registry's name as others pull from it: what references that are handed on carry. */
  pullName(registry: string): string {
    return this.session.hosts.of(registry).pullName;
  }

  /** The same client; calls through it are reported, one for each request that leaves. */
  counted(onRequest: () => void): RegistryClient {
    return new RegistryClient({}, { ...this.session, sender: this.session.sender.counted(onRequest) });
  }

  /** Ends all connections at once; what is under way fails. May be called twice. */
  close(): Promise<void> {
    return this.session.hosts.close();
  }

  private retried<T>(work: (sender: RegistrySender) => Promise<T>, signal: AbortSignal): Promise<T> {
    return retryWhenCut(() => work(this.session.sender), this.session.clock, signal);
  }

  private limits(): { wholeMs: number } {
    return { wholeMs: this.session.timeouts.wholeMs };
  }
}

function newSession(options: RegistryClientOptions): Session {
  const { registries = [], credentials = () => Promise.resolve(undefined), clock = steadyClock } = options;
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const hosts = new RegistryHosts(registries, {
    requestsPerSecond: options.requestsPerSecond,
    timeouts,
    credentials,
    clock,
  });
  const { wholeMs } = timeouts;
  const sender = new RegistrySender({ hosts, userAgent: options.userAgent ?? 'keelson', wholeMs, clock });
  return { hosts, sender, known: new KnownBlobs(clock), recent: new RecentContents(), timeouts, clock };
}
