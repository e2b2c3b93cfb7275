import type { Repository } from './image-reference';

/** A layer as images name it. */
export type LayerDescriptor = {
  /** Of the blob, as it is stored. */
  digest: string;
  /** Of the tar inside; the same where the blob is not compressed. */
  diffId: string;
  /** Of the blob. */
  sizeBytes: number;
  /** OCI's: `application/vnd.oci.image.layer.v1.tar`, `...tar+gzip`, `...tar+zstd`. */
  mediaType: string;
};

/** A layer that can be read here. */
export type LayerSource = LayerDescriptor & {
  /** The blob's bytes from the beginning; may be called again. */
  open(): AsyncIterable<Uint8Array>;
};

/** A layer that is in a registry already. */
export type StoredLayer = LayerDescriptor & { from: Repository };
