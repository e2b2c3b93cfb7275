/** The media types of manifests and layers, of OCI and of Docker. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
} as const;

/** What a request for a manifest accepts. */
export const manifestTypes: readonly string[] = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
];

/** Given up by every registry; named only to say so. */
export const isDockerSchema1 = (mediaType: string): boolean =>
  mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');

// Docker's type of a compressed layer ends in `.gzip` where OCI's ends in `+gzip`.
const layerForm =
  /^application\/vnd\.(?:oci\.image\.layer\.v1\.tar|docker\.image\.rootfs\.diff\.tar)(?:[.+](gzip|zstd))?$/;

/**
 * The layer's media type as the manifest it goes into must name it: old clients read an image of one family only.
 * A type that is no tar layer stays as it is.
 */
export function layerTypeFor(manifestType: string, layerType: string): string {
  const match = layerForm.exec(layerType);
  if (match === null) return layerType;
  const codec = match[1];
  if (manifestType === mediaTypes.dockerManifest)
    return codec ? `${mediaTypes.dockerLayer}.${codec}` : mediaTypes.dockerLayer;
  return codec ? `${mediaTypes.ociLayer}+${codec}` : mediaTypes.ociLayer;
}

/** A layer that registries do not hold: its bytes come from the URLs in its descriptor. */
export const isForeignLayer = (mediaType: string): boolean => /(?:\.foreign\.|\.nondistributable\.)/.test(mediaType);
