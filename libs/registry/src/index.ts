export { appendImage } from './append-image';
export type { AppendedImage, AppendRequest } from './append-image';
export type { ConfigChanges } from './assemble-image';
export type { BlobToRead, MountOutcome } from './blob-calls';
export { steadyClock } from './clock';
export type { Clock } from './clock';
export { CredentialsError } from './credentials';
export { blobsOf, contentToCopy, copyContent, copyImage } from './copy-image';
export type { ContentCopy, CopyRequest } from './copy-image';
export type { Credential, CredentialSource } from './credentials';
export { dockerConfigCredentials } from './docker-config';
export { dockerCopyName, dockerCopyOf } from './docker-copy-name';
export { copyInDockerFormat } from './docker-format';
export { imageConfig } from './image-config';
export type { ImageConfig } from './image-config';
export {
  formatImageReference,
  formatRepository,
  InvalidReferenceError,
  movableName,
  parseImageReference,
  parseRepository,
  withDigest,
} from './image-reference';
export type { ImageReference, Repository } from './image-reference';
export type { LayerDescriptor, LayerSource, StoredLayer } from './layer';
export { parseManifest } from './manifest';
export type { Descriptor, ImageIndex, ImageManifest, ManifestContent } from './manifest';
export type { ManifestHead } from './manifest-calls';
export { mediaTypes } from './media-types';
export { formatPlatform, hostPlatform, parsePlatform, resolvePlatform } from './platform';
export type { Platform } from './platform';
export { portableLogins } from './portable-logins';
export type { LoginsWanted } from './portable-logins';
export { pushSnapshot } from './push-snapshot';
export type { Snapshot, SnapshotRequest } from './push-snapshot';
export type { BlobToPut } from './put-blob';
export { RegistryClient } from './registry-client';
export type { RegistryClientOptions } from './registry-client';
export {
  ImageNotFoundError,
  MissingBlobError,
  PlatformNotFoundError,
  RegistryAuthError,
  RegistryProtocolError,
  RegistryUnavailableError,
  UnsupportedImageError,
} from './registry-errors';
export type { RegistryEntry, RegistryTimeouts } from './registry-host';
export { resolveImage } from './resolve-image';
export type { ResolvedImage } from './resolve-image';
