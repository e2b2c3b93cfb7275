import type { Digest } from './digest';

const offsetDigits = 15;

/**
 * Where everything lies. The names and digests put in here are checked ones, so that no key leaves the prefix.
 * A name's components are key segments of their own; what belongs to a repository begins with `_`, which no component can.
 */
export class Layout {
  constructor(private readonly prefix: string) {}

  /** The bytes of a blob that fits in one object. */
  blob = (digest: Digest): string => `${this.prefix}blobs/${digest.algorithm}/${digest.hex}`;
  /** The index of a larger blob, written last. */
  blobIndex = (digest: Digest): string => `${this.prefix}large/${digest.algorithm}/${digest.hex}`;

  /** Marks an upload that has stored something and is not part of a blob yet. */
  upload = (id: string): string => `${this.prefix}uploads/${id}`;
  uploads = (): string => `${this.prefix}uploads/`;
  segments = (upload: string): string => `${this.prefix}segments/${upload}/`;
  segment = (upload: string, offsetBytes: number): string =>
    `${this.segments(upload)}${String(offsetBytes).padStart(offsetDigits, '0')}`;
  uploadKey = (): string => `${this.prefix}upload-key`;

  repositories = (): string => `${this.prefix}repositories/`;
  repository = (name: string): string => `${this.repositories()}${name}/`;
  blobLink = (name: string, digest: Digest): string =>
    `${this.repository(name)}_blobs/${digest.algorithm}/${digest.hex}`;
  manifests = (name: string): string => `${this.repository(name)}_manifests/`;
  manifest = (name: string, digest: Digest): string => `${this.manifests(name)}${digest.algorithm}/${digest.hex}`;
  tags = (name: string): string => `${this.repository(name)}_tags/`;
  tag = (name: string, tag: string): string => `${this.tags(name)}${tag}`;
  referrers = (name: string, subject: Digest): string =>
    `${this.repository(name)}_referrers/${subject.algorithm}/${subject.hex}/`;
  referrer = (name: string, subject: Digest, digest: Digest): string =>
    `${this.referrers(name, subject)}${digest.algorithm}/${digest.hex}`;
}
